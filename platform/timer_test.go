package platform_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestTimerOrder checks that handlers are called in the order of their times,
// whatever the order they were started in.
func TestTimerOrder(t *testing.T) {
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) {
			w := mode{backend: b}.open(t)
			// A wait is due some time between two readings of the clock.
			type wait struct{ from, to time.Duration }
			var called []wait
			timer, start := w.NewTimer(), time.Now()
			for _, ms := range rand.Perm(30) {
				d := time.Duration(ms) * time.Millisecond
				var due wait
				due.from = time.Since(start) + d
				timer.Wait(d, ops.HandlerFunc(func(n int, err error) {
					if n != 0 || err != nil {
						t.Errorf("after %d ms: (%d, %v)", ms, n, err)
					}
					for _, before := range called {
						if before.from > due.to {
							t.Errorf("what was due at %v was called before what was due at %v", before.from, due.to)
						}
					}
					called = append(called, due)
				}))
				due.to = time.Since(start) + d
			}
			w.run()
			if len(called) != 30 {
				t.Errorf("%d handlers were called, want 30", len(called))
			}
		})
	}
}

// TestTimerEarlier starts a wait while the proactor waits for a later one.
func TestTimerEarlier(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var late, soon result
		timer, other := w.NewTimer(), w.NewTimer()
		timer.Wait(time.Hour, &late)
		start := func() { other.Wait(time.Millisecond, &soon) }
		soon.then = timer.Cancel
		if w.runners == 0 {
			go ops.Post(w, ops.HandlerFunc(func(int, error) { start() }))
		} else {
			go start()
		}
		w.run()
		soon.want(t, 0, nil)
		late.want(t, 0, ops.ErrCanceled)
	})
}

func TestTimerExtremes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var timer platform.Timer
		timer.Init(w.Proactor)
		var negative, least, zero, forever result
		timer.Wait(-time.Hour, &negative)
		timer.Wait(math.MinInt64, &least)
		timer.Wait(0, &zero)
		for _, r := range []*result{&negative, &least, &zero} {
			r.later(t)
		}
		w.run()
		for _, r := range []*result{&negative, &least, &zero} {
			r.want(t, 0, nil)
		}
		timer.Wait(math.MaxInt64, &forever)
		mustPanic(t, "outstanding", func() { timer.Init(w.Proactor) })
		ops.Post(w, ops.HandlerFunc(func(int, error) { timer.Cancel() }))
		w.run()
		forever.want(t, 0, ops.ErrCanceled)
		timer.Cancel()
		timer.Init(w.Proactor)
		if timer.Allocator() == nil {
			t.Error("the timer has no default allocator")
		}
	})
}

// TestTimerRearm runs a handler that starts its own next wait.
func TestTimerRearm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		timer := w.NewTimer()
		left := 100
		var again ops.HandlerFunc
		again = func(_ int, err error) {
			if left--; left > 0 && err == nil {
				timer.Wait(10*time.Microsecond, again)
			}
		}
		timer.Wait(0, again)
		w.run()
		if left != 0 {
			t.Errorf("%d waits were not done", left)
		}
	})
}
