package chains

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
)

// Explore runs a program on the simulated platform once for every sequence of
// answers that the world can get, and so in every order in which things can
// happen. It returns how many runs that took. The program must have at most one
// runner, and the weather should have rates of 0, 1 and 2 only, as others just
// repeat the answer no ([In], which is calm if it is not given).
//
// The search is depth-first, from the run in which all answers are 0. A failure
// names a picture of the run, as that of Platform does, and prints the path to
// it, which [Replay] takes:
//
//	Simulate(p, chooser, In(weather))
func Explore(t testing.TB, p Program, options ...Option) (schedules int) {
	t.Helper()
	c := configOf("Explore", options)
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	if p.Runners > 1 {
		t.Fatalf("chains: Explore: %d runners depend on more than the Chooser", p.Runners)
	}
	if c.weather == nil {
		c.weather = &calm
	}
	var failed *Report
	defer keepPicture(t, &failed)
	schedules, path, err := search(c.deviations, c.schedules, func(by Chooser) error {
		s := &simulation{program: p, chooser: &recording{Chooser: by}}
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

// ExploreAll calls run with every Chooser that it can meet: depth-first, once
// for each sequence of answers to what run asks. It returns how many there are,
// or stops at the first error and returns it with the path that leads to it, in
// the form that [Replay] takes. Given the same answers run must ask the same.
// The options are [Deviations] and [Schedules].
func ExploreAll(run func(c Chooser) error, options ...Option) (schedules int, path string, err error) {
	c := configOf("ExploreAll", options)
	return search(c.deviations, c.schedules, run)
}

// ErrTooMany is the error of an exploration that has more schedules than it may.
var ErrTooMany = errors.New("chains: there are more schedules than may be explored")

// search explores the answers. A negative bound is none.
func search(deviations, most int, run func(Chooser) error) (schedules int, path string, err error) {
	e := &explorer{}
	for {
		if most >= 0 && schedules == most {
			return schedules, e.token(), ErrTooMany
		}
		schedules++
		e.at, e.differs = 0, nil
		err := run(e)
		if e.differs == nil && e.at < len(e.path) {
			e.differs = fmt.Errorf("chains: the run asked %d times and before %d times", e.at, len(e.path))
		}
		if err = errors.Join(e.differs, err); err != nil {
			return schedules, e.token(), err
		}
		if !e.next(deviations) {
			return schedules, "", nil
		}
	}
}

// An explorer is the Chooser of an exploration: it repeats the answers of its
// path and goes on with 0.
type explorer struct {
	path    []answer
	at      int
	differs error
}

// An answer is one of n.
type answer struct{ chosen, n int }

func (e *explorer) Choose(n int, what string) int {
	if e.at == len(e.path) {
		e.path = append(e.path, answer{0, n})
	}
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
func (e *explorer) next(deviations int) bool {
	deviates := 0
	for _, a := range e.path {
		deviates += min(a.chosen, 1)
	}
	for len(e.path) > 0 {
		last := &e.path[len(e.path)-1]
		more := 1 - min(last.chosen, 1) // deviations, if it is changed
		if last.chosen+1 < last.n && (deviations < 0 || deviates+more <= deviations) {
			last.chosen++
			return true
		}
		deviates -= min(last.chosen, 1)
		e.path = e.path[:len(e.path)-1]
	}
	return false
}

// token returns the path in the form that Replay takes.
func (e *explorer) token() string {
	var b []byte
	for _, a := range e.path {
		b = binary.AppendUvarint(b, uint64(a.chosen))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
