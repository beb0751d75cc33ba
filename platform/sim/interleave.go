package sim

import "fmt"

// A Scheduler is a Chooser that decides in which order things happen, in a world
// whose [Weather] has Interleave set: what the kernel does next, and which goroutine of
// [World.Turns] goes on. It learns what each step touches, so that it need not try two
// orders that are equivalent.
//
// What happens is divided into steps. A step begins with Next. What is touched from
// then on is touched by this step: in the world, and in the handlers that the step
// leads to if whoever runs the program calls Touch for what the handlers share.
type Scheduler interface {
	Chooser

	// Next returns the index of the event that happens next. An event is the number
	// of an operation that the kernel can do (see [Event]), or 0, which means that
	// time passes until the proactor's next timer is due. An event that does not
	// happen now is still possible in the next step, unless what happens instead
	// touches the same things.
	//
	// Where several goroutines take turns, Next is also asked which of them goes on.
	// Then each event is [Turn] plus the number of a goroutine, counted from 0. The
	// one that has just had its turn is the first, if it can go on. What it does in
	// its turn is told only in part, so two turns are never known to be independent.
	Next(events []uint64) int

	// Touch says that the step touches a thing, which has a kind and a number. A
	// thing of the kind [Everything] is touched by every other step, too.
	Touch(kind string, number int)
}

// Turn is the least event that says which goroutine goes on; see [Scheduler].
const Turn uint64 = 1 << 63

// Everything is the kind of a thing that every step touches.
const Everything = "everything"

// interleave makes one thing happen, of all that can. Only a poll that may wait
// does so: before that, the proactor has not finished with what happened last.
func (b *kernel) interleave(deadline int64) {
	w := b.w
	b.misbehave()
	events := b.events[:0]
	for _, r := range b.ready.requests[b.ready.start:] {
		events = append(events, r.id)
	}
	if deadline != never {
		events = append(events, 0)
	}
	b.events = events
	if len(events) == 0 {
		b.idle(deadline)
		return
	}
	i := w.nextEvent(events, "what happens next")
	if events[i] == 0 {
		w.touch(Everything, 0)
		w.sleep(deadline)
		return
	}
	if w.weather.Stale != 0 {
		w.touch(Everything, 0) // a completion that comes too late counts polls
	}
	b.do(b.ready.remove(i))
	b.reap()
}

// nextEvent asks the Scheduler, or a Chooser that is none, which event happens.
func (w *World) nextEvent(events []uint64, what string) int {
	s, ok := w.chooser.(Scheduler)
	if !ok {
		return w.choose(len(events), what)
	}
	answer := s.Next(events)
	if answer < 0 || answer >= len(events) {
		panic(fmt.Sprintf("sim: the Scheduler answered %d to %q, which has %d answers", answer, what, len(events)))
	}
	return answer
}

// touch says that the current step touches something.
func (w *World) touch(kind string, number int) {
	if !w.weather.Interleave {
		return
	}
	if s, ok := w.chooser.(Scheduler); ok {
		s.Touch(kind, number)
	}
}

func (e *endpoint) touch(w *World) { w.touch("socket", e.id) }

// touchAddresses says that the step opens a socket at an address, or has found nobody at
// one. A step that has found somebody touches their socket instead.
func (w *World) touchAddresses() { w.touch("addresses", 0) }
