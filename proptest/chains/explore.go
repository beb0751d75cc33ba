package chains

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/platform/sim"
)

// Explore runs a program on the simulated platform in every order in which things can
// happen. It returns the number of runs, which includes those that were ended early because
// what they would have shown was seen before.
//
// Without [In] the weather is sim.Weather{Interleave: true}: nothing fails, and whatever
// is possible may happen next. Two orders are equivalent if they differ only in the order
// of steps that have nothing to do with each other. Of equivalent orders Explore runs one
// (sleep sets). It runs the others too if [Deviations] sets a bound, if the program has
// several runners, or if chains may share state through code of yours. This is assumed of a
// layer ([Wrapping]), of allocators ([Memory]) and of registered steps ([Register]), unless
// you promise the opposite with [Independent].
//
// With several runners the order of their handlers and polls is explored as well, so keep
// the program small; a deviation is then a place where another runner goes on although the
// last one could. A weather of your own should have Interleave too, and only the rates 0,
// 1 and 2: a higher rate asks the same question with more answers that mean no.
//
// State that outlasts a run, such as a counter in a wrapper, is seen by the next run. To
// begin each run with new state, call [RunSimulated] from [ExploreAll], with [In] and a
// weather that has Interleave.
//
// The search is depth-first, from the run in which all answers are 0. A failure names a
// file with a picture of the run, as a failure of [Platform] does. It prints the path to
// the run, which [Replay] takes:
//
//	RunSimulated(p, chooser, In(weather))
func Explore(t testing.TB, p Program, options ...Option) (schedules int) {
	t.Helper()
	c := configOf("Explore", options)
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	c.everyOrder = c.mayShare(p)
	if c.weather == nil {
		c.weather = &sim.Weather{Interleave: true}
	}
	var failed *Report
	defer keepPicture(t, &failed)
	search := c.search
	if c.samples > 0 {
		search = func(run func(Chooser) error) (int, string, error) { return c.sample(t, run) }
	}
	schedules, path, err := search(func(by Chooser) error {
		s := &simulation{program: p, chooser: &recording{Chooser: by}, oneOfMany: true}
		s.run(c)
		if s.err != nil {
			return s.err
		}
		if len(s.violations) > 0 {
			failed = s.report()
			return errors.New(s.violations[0].Kind())
		}
		s.discard()
		return nil
	})
	if failed != nil {
		t.Logf("%s\nchains.Replay(%q) has the answers of the world", failed, path)
	}
	if err != nil {
		t.Fatalf("schedule %d: %v", schedules, err)
	}
	return schedules
}

// ExploreAll calls run once for each sequence of answers to the questions that run asks,
// depth-first. It returns how many there are. It stops at the first error, and returns it
// with the path that leads to it, in the form that [Replay] takes. Given the same
// answers, run must ask the same questions. No order is left out, because nothing is
// known of what the steps of run have to do with each other. The options are [Deviations]
// and [Schedules].
func ExploreAll(run func(c Chooser) error, options ...Option) (schedules int, path string, err error) {
	c := configOf("ExploreAll", options)
	c.everyOrder = true
	return c.search(run)
}

// ErrTooMany is the error of an exploration that has more schedules than [Schedules]
// allows.
var ErrTooMany = errors.New("chains: there are more schedules than may be explored")

// search explores the answers. A negative bound is none.
func (c config) search(run func(Chooser) error) (schedules int, path string, err error) {
	e := &explorer{deviations: c.deviations, everyOrder: c.everyOrder}
	for {
		if c.schedules >= 0 && schedules == c.schedules {
			return schedules, e.token(), ErrTooMany
		}
		schedules++
		e.begin()
		err := run(e)
		if e.differs == nil && e.at < len(e.path) {
			e.differs = fmt.Errorf("chains: the run asked %d times and before %d times", e.at, len(e.path))
		}
		if err = errors.Join(e.differs, err); err != nil {
			return schedules, e.token(), err
		}
		if !e.next() {
			return schedules, "", nil
		}
	}
}

// An explorer is the Chooser of an exploration: it repeats the answers of its
// path and goes on with 0.
type explorer struct {
	deviations int  // that there may be, if it is not negative
	everyOrder bool // also one that comes to the same as another

	path    []answer
	at      int
	moment  int  // of the step that goes on, in the path; -1 before the first
	pruned  bool // the run leads to where others have led
	differs error
}

// An answer is one of n.
type answer struct {
	chosen, n int
	moment    *moment // or nil, if it was no event that was asked for
}

// begin begins a run.
func (e *explorer) begin() { e.at, e.moment, e.pruned, e.differs = 0, -1, false, nil }

func (e *explorer) Choose(n int, what string) int {
	if e.pruned {
		return 0
	}
	if e.at == len(e.path) {
		e.path = append(e.path, answer{n: n})
	}
	return e.repeat(n, what)
}

// Next implements sim.Scheduler.
func (e *explorer) Next(events []uint64) int {
	if e.pruned {
		return 0
	}
	if e.at == len(e.path) {
		var before *moment
		chosen := 0
		if e.moment >= 0 {
			before, chosen = e.path[e.moment].moment, e.path[e.moment].chosen
		}
		m := newMoment(events, before, chosen)
		first := 0
		if e.reduces() {
			first = m.awake(0)
		}
		if first < 0 {
			e.pruned = true
			return 0
		}
		e.path = append(e.path, answer{first, len(events), m})
	}
	e.moment = e.at
	if m := e.path[e.at].moment; m != nil {
		m.step = make(footprint)
	}
	return e.repeat(len(events), whatOf(events))
}

// reduces reports whether orders that come to the same as another are left out. With a
// bound on deviations none is, as the one that is run may be beyond the bound where the
// other is within it.
func (e *explorer) reduces() bool { return !e.everyOrder && e.deviations < 0 }

// Touch implements sim.Scheduler.
func (e *explorer) Touch(kind string, number int) {
	if e.pruned || e.moment < 0 {
		return
	}
	if a := e.path[e.moment]; a.moment != nil {
		a.moment.touch(a.chosen, thing{kind, number})
	}
}

// repeat returns the answer of the path to a question with n answers.
func (e *explorer) repeat(n int, what string) int {
	a := e.path[e.at]
	e.at++
	if a.n != n {
		if e.differs == nil {
			e.differs = fmt.Errorf("chains: question %d, %q, has %d answers and had %d before: the run depends on more than the Chooser", e.at, what, n, a.n)
		}
		return 0
	}
	return a.chosen
}

// next goes on to the next path: it changes the last answer that can be
// changed. It reports false if there is none.
func (e *explorer) next() bool {
	deviates := 0
	for _, a := range e.path {
		deviates += min(a.chosen, 1)
	}
	for len(e.path) > 0 {
		last := &e.path[len(e.path)-1]
		more := 1 - min(last.chosen, 1) // deviations, if it is changed
		if to := e.other(last); to >= 0 && (e.deviations < 0 || deviates+more <= e.deviations) {
			last.chosen = to
			return true
		}
		deviates -= min(last.chosen, 1)
		e.path = e.path[:len(e.path)-1]
	}
	return false
}

// other returns the answer to try after the one that was given, or -1.
func (e *explorer) other(a *answer) int {
	if a.moment != nil && e.reduces() {
		return a.moment.awake(a.chosen + 1)
	}
	if a.chosen+1 < a.n {
		return a.chosen + 1
	}
	return -1
}

// token returns the path in the form that Replay takes.
func (e *explorer) token() string {
	var b []byte
	for _, a := range e.path {
		if a.moment == nil || a.n > 1 { // of one event alone nobody is asked when the path is replayed
			b = binary.AppendUvarint(b, uint64(a.chosen))
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
