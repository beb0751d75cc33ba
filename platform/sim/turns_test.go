package sim_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// shared returns a proactor of the world that several goroutines may run.
func shared(t *testing.T, w *sim.World) *platform.Proactor {
	t.Helper()
	p, err := platform.New(platform.WithCustomBackend(w.Backend))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Several goroutines run a proactor, and the order of all handlers is that of the seed.
func TestTurns(t *testing.T) {
	run := func(seed uint64, runners int) string {
		w := sim.New(sim.Seeded(seed), sim.WithWeather(sim.Weather{Delay: 2, Lag: 3, Few: 2}))
		p := shared(t, w)
		var mu sync.Mutex
		var order []string
		inside, most := 0, 0
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, fmt.Sprintf(format, args...))
			most = max(most, inside)
		}
		add := func(n int) {
			mu.Lock()
			defer mu.Unlock()
			inside += n
		}
		for chain := range 3 {
			timer := p.NewTimer()
			left := 4
			var next ops.HandlerFunc
			next = func(int, error) {
				add(1)
				defer add(-1)
				note("chain %d begins at %v", chain, w.Now())
				w.Yield()
				note("chain %d ends at %v", chain, w.Now())
				if left--; left > 0 {
					timer.Wait(time.Microsecond, next)
				}
			}
			timer.Wait(0, next)
		}
		all := make([]*platform.Proactor, runners)
		for i := range all {
			all[i] = p
		}
		if err := w.Run(all...); err != nil {
			t.Fatal(err)
		}
		p.Close()
		if most > runners {
			t.Errorf("%d handlers run at once on %d goroutines", most, runners)
		}
		return fmt.Sprintf("at most %d at once\n%s", most, strings.Join(order, "\n"))
	}
	for runners := 1; runners <= 3; runners++ {
		orders, overlaps := map[string]bool{}, 0
		for seed := range uint64(50) {
			order := run(seed, runners)
			if diff := cmp.Diff(order, run(seed, runners)); diff != "" {
				t.Fatalf("the second run of seed %d differs from the first (-first +second):\n%s", seed, diff)
			}
			orders[order] = true
			if strings.HasPrefix(order, fmt.Sprintf("at most %d ", runners)) {
				overlaps++
			}
		}
		if runners > 1 && (len(orders) < 25 || overlaps == 0) {
			t.Errorf("50 seeds have given %d runs of %d goroutines, all of which were in a handler in %d", len(orders), runners, overlaps)
		}
	}
}

// Without a choice the one goes on that has the turn, so that nothing unusual happens.
func TestTurnsCalm(t *testing.T) {
	w := sim.New(sim.Calm)
	var mu sync.Mutex
	var order []int
	say := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, n)
	}
	w.Turns(func() { say(1); w.Yield(); say(2) }, func() { say(3); w.Yield(); say(4) })
	w.Yield() // does nothing
	w.Turns()
	if diff := cmp.Diff([]int{1, 2, 3, 4}, order); diff != "" {
		t.Error(diff)
	}
}

// Where all wait one panics, also where none of them polls.
func TestTurnsDeadlock(t *testing.T) {
	w := sim.New(sim.Calm)
	p := shared(t, w)
	hold := p.Hold()
	if !deadlocks(func() { w.Run(p, p) }) {
		t.Error("Run does not panic with a Deadlock where a proactor waits without end")
	}
	hold.Release()
	if err := w.Run(p, p); err != nil {
		t.Errorf("Run again: %v", err)
	}
	p.Close()

	var mu sync.Mutex
	c := w.NewCond(&mu)
	wait := func() {
		mu.Lock()
		defer mu.Unlock()
		c.Wait()
	}
	if !deadlocks(func() { w.Turns(wait, wait) }) {
		t.Error("Turns does not panic with a Deadlock where all wait for each other")
	}
}

// What a function panics with is what Turns panics with, when the others have returned; the
// same goes for what ends the goroutine, and for a Chooser that fails.
func TestTurnsPanics(t *testing.T) {
	w := sim.New(sim.Calm)
	returned := false
	other := func() { w.Yield(); returned = true }
	if v := recovered(func() { w.Turns(func() { panic("function") }, other) }); v != "function" || !returned {
		t.Errorf("Turns panics with %v; the other has returned: %v", v, returned)
	}
	ended := make(chan bool)
	go func() {
		normally := false
		defer func() { ended <- !normally }()
		w.Turns(runtime.Goexit, func() {})
		normally = true
	}()
	if !<-ended {
		t.Error("Turns returns although a function has ended its goroutine")
	}
	if v := recovered(func() { w.Turns(func() { w.Turns(func() {}) }) }); v == nil {
		t.Error("a goroutine that takes turns calls Turns")
	}
	w = sim.New(outOfRange{})
	if v := recovered(func() { w.Turns(func() {}, func() {}) }); v == nil {
		t.Error("Turns returns although the Chooser has given no answer")
	}
}

type outOfRange struct{}

func (outOfRange) Choose(n int, _ string) int { return n }

// A condition wakes who waits for it, in turns and without.
func TestNewCond(t *testing.T) {
	w := sim.New(sim.Seeded(1))
	var mu sync.Mutex
	c := w.NewCond(&mu)
	got := 0
	take := func() {
		mu.Lock()
		defer mu.Unlock()
		for got == 0 {
			c.Wait()
		}
		got--
	}
	give := func(wake func()) func() {
		return func() {
			mu.Lock()
			defer mu.Unlock()
			got += 2
			wake()
		}
	}
	w.Turns(take, take, give(c.Broadcast))
	w.Turns(take, take, give(func() { c.Signal(); c.Signal() }))
	var all sync.WaitGroup
	for _, f := range []func(){take, take, give(c.Broadcast)} {
		all.Go(f)
	}
	all.Wait()
	if got != 0 {
		t.Errorf("%d are left", got)
	}
}

// A handler that closes the proactor, or that stops it, has all its runners return.
func TestTurnsEnd(t *testing.T) {
	for name, end := range map[string]func(*platform.Proactor){
		"Close": func(p *platform.Proactor) { p.Close() },
		"Stop":  func(p *platform.Proactor) { p.Stop() },
	} {
		for seed := range uint64(20) {
			w := sim.New(sim.Seeded(seed))
			p := shared(t, w)
			p.Hold()
			p.NewTimer().Wait(time.Second, ops.HandlerFunc(func(int, error) { end(p) }))
			err := w.Run(p, p, p)
			if (err != nil) != (name == "Close") {
				t.Errorf("%s with seed %d: %v", name, seed, err)
			}
			p.Close()
		}
	}
}

// ending returns how f ends: with what it panics, with "exit" if it ends its goroutine, or
// with nil.
func ending(f func()) any {
	ended := make(chan any)
	go func() {
		how := any("exit")
		defer func() {
			if v := recover(); v != nil {
				how = v
			}
			ended <- how
		}()
		f()
		how = nil
	}()
	return <-ended
}

// failures are what a callback can do that does not return.
var failures = map[string]func(){"panic": func() { panic("panic") }, "exit": runtime.Goexit}

// A failingChooser makes the plainest choice, until it is asked who goes on in a certain
// place.
type failingChooser struct {
	is    func(asked, able int) bool
	fail  func()
	asked int
	over  bool // it has failed
	again bool // it was asked once more
}

func (c *failingChooser) Choose(n int, what string) int {
	if what != "who goes on" {
		return 0
	}
	c.again = c.again || c.over
	if c.asked++; c.is(c.asked, n) {
		c.over = true
		c.fail()
	}
	return 0
}

// A Chooser that fails does not keep the goroutines from their turns, wherever it is asked.
func TestTurnsChooser(t *testing.T) {
	for how, fail := range failures {
		const questions = 4 // at the beginning, in two calls of Yield, and where the first one returns
		for at := 1; at <= questions; at++ {
			c := &failingChooser{is: func(asked, _ int) bool { return asked == at }, fail: fail}
			w := sim.New(c)
			var returned [3]bool
			var functions []func()
			for i := range returned {
				functions = append(functions, func() { w.Yield(); returned[i] = true })
			}
			if v := ending(func() { w.Turns(functions...) }); v != how || !c.over || c.again {
				t.Errorf("%s at question %d: Turns ends with %v; the Chooser has failed: %v, and was asked again: %v", how, at, v, c.over, c.again)
			}
			for i, ok := range returned {
				asked := how == "exit" && (at == 2 && i == 0 || at == 4 && i == 1) // in its Yield
				if ok == asked {
					t.Errorf("%s at question %d: goroutine %d has returned: %v", how, at, i, ok)
				}
			}
			if v := ending(func() { w.Turns(func() {}) }); v != nil {
				t.Errorf("%s at question %d: the next Turns ends with %v", how, at, v)
			}
		}
	}
}

// A turnsScheduler notes the turns that it is asked for, and has the goroutine with the
// highest number go on.
type turnsScheduler struct {
	sim.Chooser
	mu      sync.Mutex // that a turn is passed on is no edge
	asked   [][]uint64
	touched bool // everything, since it was asked
	answer  func(events []uint64) int
}

func (s *turnsScheduler) Next(events []uint64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.touched = append(s.asked, slices.Clone(events)), false
	return s.answer(events)
}

func (s *turnsScheduler) Touch(kind string, _ int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = s.touched || kind == sim.Everything
}

// A Scheduler says who goes on: its events are numbers of goroutines, of which the one that
// has just had its turn comes first.
func TestTurnsScheduler(t *testing.T) {
	s := &turnsScheduler{Chooser: sim.Calm, answer: func(events []uint64) int {
		return slices.Index(events, slices.Max(events))
	}}
	w := sim.New(s, sim.Alone(), sim.WithWeather(sim.Weather{Interleave: true}))
	var order []int
	note := func(n int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if !s.touched {
			t.Errorf("the turn of goroutine %d counts as independent of others", n)
		}
		order = append(order, n)
	}
	w.Turns(func() { note(0) }, func() { note(1); w.Yield(); note(1) }, func() { note(2); w.Yield(); note(2) })
	if diff := cmp.Diff([]int{2, 2, 1, 1, 0}, order); diff != "" {
		t.Error(diff)
	}
	turn := func(n uint64) uint64 { return sim.Turn + n }
	want := [][]uint64{
		{turn(0), turn(1), turn(2)}, {turn(2), turn(0), turn(1)},
		{turn(0), turn(1)}, {turn(1), turn(0)}, {turn(0)},
	}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Error(diff)
	}
	for _, answer := range []int{-1, 2} {
		s.answer = func([]uint64) int { return answer }
		if v := fmt.Sprint(ending(func() { w.Turns(func() {}, func() {}) })); !strings.Contains(v, "who goes on") {
			t.Errorf("the answer %d: Turns ends with %v", answer, v)
		}
	}
	s.asked = nil
	calm := sim.New(s)
	calm.Turns(func() {}, func() {})
	if s.asked != nil {
		t.Error("Next is called in a world that is not interleaved")
	}
}

// A goroutine that the Chooser ends in a poll goes on at once, not when the poll would.
func TestTurnsChooserInPoll(t *testing.T) {
	c := &failingChooser{is: func(_, able int) bool { return able == 2 }, fail: runtime.Goexit} // the other two
	w := sim.New(c)
	p := shared(t, w)
	p.NewTimer().Wait(time.Second, ops.HandlerFunc(func(int, error) {}))
	var mu sync.Mutex
	var order []int
	say := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, n)
	}
	v := ending(func() {
		w.Turns(func() {
			defer func() { w.Yield(); say(1) }()
			p.Run(context.Background())
		}, func() { say(2) }, func() { say(3) })
	})
	if v != "exit" {
		t.Errorf("Turns ends with %v", v)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, order); diff != "" {
		t.Error(diff)
	}
	p.Close()
}

// An observer that fails where time passes leaves a world that can be used: where a runner
// waits for another, in a poll, and where a goroutine has returned.
func TestTurnsObserver(t *testing.T) {
	for how, fail := range failures {
		for name, run := range map[string]func(*sim.World, *platform.Proactor){
			"another runner waits": func(w *sim.World, p *platform.Proactor) { w.Run(p, p) },
			"a poll":               func(w *sim.World, p *platform.Proactor) { w.Run(p) },
			"another has returned": func(w *sim.World, p *platform.Proactor) {
				w.Turns(func() { p.Run(context.Background()) }, func() {})
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				failed, fired := false, false
				w := sim.New(sim.Calm, sim.WithObserver(func(e sim.Event) {
					if e.What == sim.Slept && !failed {
						failed = true
						fail()
					}
				}))
				p := shared(t, w)
				p.NewTimer().Wait(time.Second, ops.HandlerFunc(func(int, error) { fired = true }))
				if v := ending(func() { run(w, p) }); v != how || !failed {
					t.Errorf("it ends with %v; the observer has failed: %v", v, failed)
				}
				if v := ending(func() { w.Run(p, p) }); v != nil || !fired {
					t.Errorf("the next Run ends with %v, and the timer has fired: %v", v, fired)
				}
				p.Close()
			})
		}
	}
}
