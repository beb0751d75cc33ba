package sim_test

import (
	"fmt"
	"runtime"
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
