package sim

// A Scheduler is a Chooser that decides in which order things happen in a world
// whose [Weather] has Interleave set, and is told what each has to do with, so that
// it need not try two orders that come to the same.
//
// What happens goes in steps. A step begins with Next, and what is touched from
// then on is touched by it, in the world and by the handlers that it leads to, if
// whoever runs the program calls Touch for what these have in common.
type Scheduler interface {
	Chooser

	// Next returns the index of the event that happens next. An event is the
	// number of an operation that the kernel can do, see [Event], or 0: that time
	// passes until the proactor's next timer is due. An event that does not happen
	// is still among those of the next step, unless what happens instead touches
	// what it has to do with.
	Next(events []uint64) int

	// Touch says that the step has to do with something of a kind that has a
	// number. [Everything] is what every other step has to do with, too.
	Touch(kind string, number int)
}

// Everything is a kind of thing that every step has to do with.
const Everything = "everything"

// interleave has one thing happen, of all that can. Only a poll that may wait
// does so: before, the proactor is not done with what happened last.
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
	i := b.nextEvent(events)
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

func (b *kernel) nextEvent(events []uint64) int {
	if s, ok := b.w.chooser.(Scheduler); ok {
		return s.Next(events)
	}
	return b.w.choose(len(events), "what happens next")
}

// touch says that the step that goes on has to do with something.
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
// one. Who has found somebody touches that instead.
func (w *World) touchAddresses() { w.touch("addresses", 0) }
