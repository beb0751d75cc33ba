package platform

import (
	"runtime"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// useProcessors sets GOMAXPROCS for a test.
func useProcessors(t *testing.T, n int) {
	before := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// countYields has p yield to nobody, and counts.
func countYields(p *Proactor) *int {
	n := new(int)
	p.yielding.gosched = func() { *n++ }
	return n
}

// Other goroutines run while a proactor spins, however long it does: every 100 µs, and on
// a single processor whenever it looks.
func TestYieldsWhileItSpins(t *testing.T) {
	const span = 10_000_000
	for name, test := range map[string]struct{ processors, least, most int }{
		"GOMAXPROCS=1": {1, span / 1000, span/1000 + 2},
		"GOMAXPROCS=2": {2, span / yieldAfter * 9 / 10, span/yieldAfter + 2},
	} {
		t.Run(name, func(t *testing.T) {
			useProcessors(t, test.processors)
			var yields *int
			runQuiet(t, looksAlways(span), 1, func(p *Proactor) { yields = countYields(p) })
			if *yields < test.least || *yields > test.most {
				t.Errorf("%d yields in %v of looking: want %d to %d", *yields, time.Duration(span), test.least, test.most)
			}
		})
	}
}

// That GOMAXPROCS has changed is found out in time.
func TestYieldsAlone(t *testing.T) {
	useProcessors(t, 2)
	y := newYielding()
	if y.alone() {
		t.Fatal("alone with GOMAXPROCS=2")
	}
	runtime.GOMAXPROCS(1)
	waits := 1
	for ; waits < 1000 && !y.alone(); waits++ {
	}
	if waits > 64 {
		t.Errorf("%d waits until GOMAXPROCS=1 was known, want at most 64", waits)
	}
}

// prompt is a kernel that has something whenever it is waited for, so that nobody sleeps,
// or says that somebody did.
type prompt struct {
	quiet
	sleeps bool
}

func (k *prompt) Poll(wait time.Duration) {
	if wait == 0 {
		k.quiet.Poll(0)
		return
	}
	k.parks++
	k.now += int64(wait)
	if k.sleeps {
		k.host.Slept()
	}
}

// Other goroutines run every 100 µs, too, where the proactor never sleeps because there is
// something whenever it looks or is about to sleep. Where it sleeps they run then.
func TestYieldsWhenItNeverSleeps(t *testing.T) {
	useProcessors(t, 2)
	const rounds = 20_000
	for name, test := range map[string]struct {
		looking looking
		comes   time.Duration // after how long there is something
		sleeps  bool
		parks   int
		yields  bool
	}{
		"looks pay":         {looksWhileItPays(), 10 * time.Microsecond, false, 0, true},
		"the first look":    {looksNever(), time.Microsecond, false, 0, true},
		"when about to":     {looksNever(), 10 * time.Microsecond, false, rounds, true},
		"sleeps":            {looksNever(), 10 * time.Microsecond, true, rounds, false},
		"sleeps in between": {looksAlways(5000), 10 * time.Microsecond, true, rounds, false},
	} {
		t.Run(name, func(t *testing.T) {
			k := &prompt{sleeps: test.sleeps}
			p, err := New(SingleRunner(), WithCustomBackend(func(h backend.Host) (backend.Backend, error) {
				k.host = h
				return k, nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			p.looks, p.looking, p.yielding = true, test.looking, newYielding()
			yields := countYields(p)
			timer, left := p.NewTimer(), rounds
			var again ops.HandlerFunc
			again = func(int, error) {
				if left--; left >= 0 {
					timer.Wait(test.comes, again)
				}
			}
			again(0, nil)
			if err := p.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if k.parks != test.parks {
				t.Errorf("it was about to sleep %d times, want %d", k.parks, test.parks)
			}
			// Between two yields there may be a whole wait.
			least := int(k.now / (yieldAfter + test.comes.Nanoseconds() + 2000))
			if test.yields && *yields < least {
				t.Errorf("%d yields in %v: want at least %d", *yields, time.Duration(k.now), least)
			}
			// Now and then it is tried whether yielding pays.
			if most := rounds / 50; !test.yields && *yields > most {
				t.Errorf("%d yields in %d sleeps: want at most %d", *yields, rounds, most)
			}
		})
	}
}
