package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// deaths are how a handler ends the goroutine that calls it.
var deaths = map[string]func(){
	"exit":  runtime.Goexit,
	"panic": func() { panic("a bug of the program") },
}

// TestRunnerDies has every handler of a tour end its goroutine in turn. What it has started
// goes on: on the runners that are left, or, where there is none, in the next Run.
func TestRunnerDies(t *testing.T) {
	eachDeath(t, func(t *testing.T, m mode, die func()) {
		w := m.open(t)
		eachHandler(func(at int) (handled int) {
			u := w.tour(func(handled int) {
				if handled == at {
					die()
				}
			})
			died := w.runToDeath(t)
			if died == max(1, m.runners) {
				w.run()
			}
			if u.whole(t); t.Failed() {
				t.Fatalf("handler %d was to end its goroutine; %d goroutines have ended", at, died)
			}
			if at <= u.handled && died != 1 {
				t.Fatalf("handler %d has ended %d goroutines", at, died)
			}
			return u.handled
		})
		w.within("Close", func() { w.Close() })
		noneLeft(t)
	})
}

// TestRunnerDiesAndClose closes the proactor after a handler has ended its goroutine, when
// the others were stopped. What is left is abandoned.
func TestRunnerDiesAndClose(t *testing.T) {
	eachDeath(t, func(t *testing.T, m mode, die func()) {
		abandonAfterDeath(t, m, func(w *world) {
			w.Stop()
			die()
		})
	})
}

// TestRunnerClosesAndDies has a handler close the proactor and end its goroutine. The last
// to leave Run abandons what is left, be it the one that dies.
func TestRunnerClosesAndDies(t *testing.T) {
	eachDeath(t, func(t *testing.T, m mode, die func()) {
		abandonAfterDeath(t, m, func(w *world) {
			w.Close()
			die()
		})
	})
}

// abandonAfterDeath has handlers of tours end their goroutine by end, closes the proactor
// unless that has, and checks that what was left is abandoned.
func abandonAfterDeath(t *testing.T, m mode, end func(w *world)) {
	eachHandler(func(at int) (handled int) {
		w := m.open(t)
		u := w.tour(func(handled int) {
			if handled == at {
				end(w)
			}
		})
		died := w.runToDeath(t)
		w.within("closing", func() {
			w.Close() // if it is closed, it is being abandoned, perhaps still
			<-w.Done()
		})
		if u.check(t, true); t.Failed() {
			t.Fatalf("handler %d was to end its goroutine; %d goroutines have ended", at, died)
		}
		closed(t, w)
		return u.handled
	})
	noneLeft(t)
}

// eachDeath runs a test in every mode, and with other numbers of runners, for each way
// to die.
func eachDeath(t *testing.T, test func(t *testing.T, m mode, die func())) {
	all := modes()
	for _, b := range platform.Backends() {
		all = append(all, mode{backend: b, runners: 1}, mode{backend: b, runners: 2})
	}
	for how, die := range deaths {
		for _, m := range all {
			t.Run(how+"/"+m.String(), func(t *testing.T) { test(t, m, die) })
		}
	}
}

// eachHandler calls try with the number of each handler, or of every seventh with -short, until
// there were not as many.
func eachHandler(try func(at int) (handled int)) {
	step := 1
	if testing.Short() {
		step = 7
	}
	for at := 1; at <= try(at); at += step {
	}
}

// runToDeath has the world's runners run the proactor until each has returned or died, and
// returns how many have died.
func (w *world) runToDeath(t *testing.T) (died int) {
	t.Helper()
	var mu sync.Mutex
	var running sync.WaitGroup
	for range max(1, w.runners) {
		running.Add(1)
		go func() {
			returned := false
			defer running.Done()
			defer func() {
				got := recover()
				mu.Lock()
				defer mu.Unlock()
				if !returned {
					died++
				}
				if got != nil && fmt.Sprint(got) != "a bug of the program" {
					t.Errorf("panic: %v", got)
				}
			}()
			err := w.Run(context.Background())
			returned = true
			if err != nil && !errors.Is(err, net.ErrClosed) {
				t.Errorf("Run: %v", err)
			}
		}()
	}
	w.within("Run", running.Wait)
	return died
}
