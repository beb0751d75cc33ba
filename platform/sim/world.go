package sim

import (
	"cmp"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/bubble"
)

// A World is a simulated network with a clock of its own. It is the platform of one
// or more proactors, which are made with the method [World.Backend]:
//
//	w := sim.New(sim.Seeded(1), sim.WithWeather(sim.Stormy()), sim.Alone())
//	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
//
// Its time begins at midnight UTC on 1 January 2000, like that of package
// testing/synctest. Compute deadlines from platform.Proactor.Now. In a bubble of
// that package its time is the bubble's, which time.Now returns. Any goroutine may
// call its methods; if the world was made in a bubble, any goroutine of the bubble.
type World struct {
	chooser  Chooser
	weather  Weather
	faults   Faults
	observe  func(Event)
	alone    bool
	patience time.Duration
	bubbled  bool // its time is that of the bubble that it was made in

	now atomic.Int64 // set under the lock, or by bubbleTime; see clock

	// mu guards everything in the world. The locks of a proactor come before
	// it, and it is not held when a proactor is called.
	mu         sync.Mutex
	backends   []*kernel
	waitedAt   int64  // when a proactor began to wait, the last time
	sockets    int    // that there have been
	operations uint64 // that there have been
	places     places
	files      map[string]*file // by name
	notified   []*notified      // of signals
	turns      *turns           // in World.Turns, or nil
}

// An Option changes how New makes a world.
type Option func(*World)

// WithWeather sets how often the unusual happens. Without it, it never does.
func WithWeather(weather Weather) Option { return func(w *World) { w.weather = weather } }

// WithFaults makes the world's backends deliberately wrong.
func WithFaults(f Faults) Option { return func(w *World) { w.faults = f } }

// WithObserver makes the world call f for every event, as it happens. The calls
// come one at a time, from whatever goroutine causes the event. f must not call the
// library.
func WithObserver(f func(Event)) Option { return func(w *World) { w.observe = f } }

// Alone promises that one goroutine does everything in the world: it runs the
// proactor, and no other goroutine posts to it, stops it or closes it. The run is
// then a matter of the Chooser and nothing else, time never waits for anybody, and
// a wait that nothing can end panics at once with a [*Deadlock]. For several
// proactors, or several goroutines that run one, see [World.Run].
func Alone() Option { return func(w *World) { w.alone = true } }

// WithPatience limits how long, in real time, a proactor waits for other goroutines
// when nothing in the world can end its wait. Then it panics with a [*Deadlock].
// Without this option it may wait for ever. In a bubble the time is virtual; and a
// proactor also panics without this option when all goroutines of the bubble wait
// for ever.
func WithPatience(d time.Duration) Option { return func(w *World) { w.patience = d } }

// New returns a world in which c chooses what happens. In a bubble of package
// testing/synctest it has the bubble's time; see the package documentation. New
// panics if c is nil, or if a Weather with Interleave comes without [Alone] or in a
// bubble.
func New(c Chooser, options ...Option) *World {
	if c == nil {
		panic("sim: New: nil Chooser")
	}
	w := &World{chooser: c, places: newPlaces(), bubbled: bubble.Inside()}
	for _, o := range options {
		o(w)
	}
	w.weather.MaxDelay = cmp.Or(w.weather.MaxDelay, time.Millisecond)
	w.weather.Capacity = cmp.Or(w.weather.Capacity, 64<<10)
	if w.weather.Interleave {
		w.weather.Delay, w.weather.Overtake, w.weather.Few, w.weather.Spurious, w.weather.Lag = 0, 0, 0, 0, 0
		if !w.alone || w.bubbled {
			panic("sim: New: a Weather with Interleave needs Alone, outside of a bubble")
		}
	}
	if w.faults.StaleCompletion {
		w.weather.Stale = cmp.Or(w.weather.Stale, 1)
	}
	if w.faults.CompleteEnded {
		w.weather.AtOnce = cmp.Or(w.weather.AtOnce, 1)
	}
	if w.faults.LoseOnClose {
		w.weather.SlowCancel = 1
	}
	return w
}

// Backend makes the world the platform of a proactor. It is for
// platform.WithCustomBackend. Its error is nil, unless the world was made in a
// bubble of package testing/synctest and is used outside of it, or the other way
// round.
func (w *World) Backend(host backend.Host) (backend.Backend, error) {
	if bubble.Inside() != w.bubbled {
		return nil, errBubble
	}
	b := &kernel{w: w, host: host, alarm: make(chan struct{}, 1)}
	w.mu.Lock()
	w.backends = append(w.backends, b)
	w.mu.Unlock()
	return b, nil
}

// Now returns the virtual time that has passed since the world began. For a world
// that was made in a bubble, it is the time since midnight UTC on 1 January 2000.
func (w *World) Now() time.Duration { return time.Duration(w.clock()) }

// clock is Now, in nanoseconds.
func (w *World) clock() int64 {
	if w.bubbled {
		return w.bubbleTime()
	}
	return w.now.Load()
}

// epoch is the time of day when a world begins.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// never is a time that does not come.
const never = math.MaxInt64

// after returns the time when d has passed.
func (w *World) after(d time.Duration) int64 {
	now := w.clock()
	if d < 0 || int64(d) > never-now {
		return never
	}
	return now + int64(d)
}

// sleep lets the time pass until the given one. The caller holds the lock; in a bubble it
// is not held meanwhile.
func (w *World) sleep(until int64) {
	if until <= w.clock() {
		return
	}
	if w.bubbled {
		w.sleepInBubble(until)
	} else {
		w.now.Store(until)
	}
	w.saw(Slept, nil, 0)
}
