package platform

import (
	"math"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// collecting is a quiet kernel that collects what it is given, as io_uring does.
type collecting struct {
	quiet
	flushes []int64 // when it was flushed
	asked   int     // how often it was asked to
	fails   int     // how often it is to panic then
	shut    bool

	restarts bool // each poll starts something by itself
	kept     bool // that was not handed over yet
}

func (c *collecting) Flush() {
	if c.shut {
		panic("flushed after it was shut down")
	}
	c.asked++
	c.kept = false
	c.flushes = append(c.flushes, c.now)
	if c.fails > 0 {
		c.fails--
		panic(errFlush)
	}
}

func (c *collecting) Poll(wait time.Duration) {
	c.flushes = append(c.flushes, c.now)
	if wait != 0 {
		panic("waits although there is work, or nothing is outstanding")
	}
	c.quiet.Poll(0)
	c.kept = c.restarts
}

func (c *collecting) Shutdown() { c.shut = true }

const errFlush = "the kernel cannot be flushed"

// newCollecting returns a proactor on a kernel that collects.
func newCollecting(t *testing.T, options ...Option) (*Proactor, *collecting) {
	t.Helper()
	c := new(collecting)
	p, err := New(append(options, WithCustomBackend(func(backend.Host) (backend.Backend, error) { return c, nil }))...)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

// eachCollecting runs a test with a single runner and with a proactor for several.
func eachCollecting(t *testing.T, test func(*testing.T, *Proactor, *collecting)) {
	for name, options := range map[string][]Option{"single": {SingleRunner()}, "several": nil} {
		t.Run(name, func(t *testing.T) {
			p, c := newCollecting(t, options...)
			test(t, p, c)
		})
	}
}

// work posts n handlers that take a time each, and returns how many were called.
func (c *collecting) work(p *Proactor, n int, takes int64) *int {
	called := new(int)
	for range n {
		ops.Post(p, ops.HandlerFunc(func(int, error) {
			*called++
			c.now += takes
		}))
	}
	return called
}

// What handlers have started waits for about flushTime at most, when they take alike.
func TestFlushedInTime(t *testing.T) {
	for _, takes := range []int64{100, 1000, 20_000, flushTime, 10 * flushTime} {
		p, c := newCollecting(t, SingleRunner())
		var started []int64
		left := 20_000
		var work ops.HandlerFunc
		work = func(int, error) {
			if left--; left < 0 {
				return
			}
			ops.Defer(p, work)
			started = append(started, c.now)
			p.flushing.started()
			c.now += takes
		}
		for range 50 {
			ops.Post(p, work)
		}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.flushes = append(c.flushes, c.now)
		var longest int64
		i := 0
		for _, at := range started[10_000:] { // by then it knows
			for c.flushes[i] < at {
				i++
			}
			longest = max(longest, c.flushes[i]-at)
		}
		if longest > flushTime {
			t.Errorf("handlers of %d ns: what one has started waits %d ns: want at most %d", takes, longest, flushTime)
		}
		if most := len(started)*int(takes)/flushTime + 6000; c.asked > most {
			t.Errorf("handlers of %d ns: %d flushes for %d handlers: want at most %d", takes, c.asked, len(started), most)
		}
	}
}

// flushesNowAndThen has the proactor call handlers until it flushes after every few of
// them.
func flushesNowAndThen(t *testing.T, p *Proactor, c *collecting) {
	t.Helper()
	c.work(p, 10_000, 5000)
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := p.flushing.every; n < 5 || n > 20 {
		t.Fatalf("it flushes after every %d handlers", n)
	}
}

// Nothing is flushed once the backend is shut down, when those handlers are called that
// were refused.
func TestNoFlushAfterShutdown(t *testing.T) {
	eachCollecting(t, func(t *testing.T, p *Proactor, c *collecting) {
		flushesNowAndThen(t, p, c)
		if err := p.Close(); err != nil || !c.shut {
			t.Fatalf("Close: %v", err)
		}
		refused := c.work(p, 1000, 5000)
		if err := p.Run(t.Context()); err != net.ErrClosed {
			t.Errorf("Run of a closed proactor: %v", err)
		}
		if *refused != 1000 {
			t.Errorf("%d of 1000 refused handlers were called", *refused)
		}
	})
}

// A backend that panics when it is flushed loses no handler.
func TestFlushPanics(t *testing.T) {
	eachCollecting(t, func(t *testing.T, p *Proactor, c *collecting) {
		flushesNowAndThen(t, p, c)
		called, panics := c.work(p, 1000, 5000), 0
		run := func() (ended bool) {
			c.fails = 1
			defer func() {
				if r := recover(); r != nil {
					if panics++; r != errFlush {
						panic(r)
					}
				}
			}()
			if err := p.Run(t.Context()); err != nil {
				t.Error(err)
			}
			return c.fails == 1 // it was not flushed
		}
		for range 1000 {
			if run() {
				break
			}
		}
		c.fails = 0
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
		if *called != 1000 || panics < 10 {
			t.Errorf("%d of 1000 handlers were called, with %d panics between", *called, panics)
		}
	})
}

// What is started while nobody is in Run is not flushed before somebody is, where a single
// runner is to hand it over; in Run, with each operation.
func TestFlushedInRun(t *testing.T) {
	eachCollecting(t, func(t *testing.T, p *Proactor, c *collecting) {
		start := func() (flushes int) {
			before := c.asked
			p.flushing.started()
			return c.asked - before
		}
		outside := 1
		if p.single {
			outside = 0
		}
		for range 2 {
			if n := start(); n != outside {
				t.Errorf("flushed %d times while nobody is in Run: want %d", n, outside)
			}
			p.flushing.force(true)
			ops.Post(p, ops.HandlerFunc(func(int, error) {
				if n := start(); n != 1 {
					t.Errorf("flushed %d times for an operation that a handler has started: want 1", n)
				}
			}))
			if err := p.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		p.Stop() // the next one returns at once
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := start(); n != outside {
			t.Errorf("flushed %d times after Run was stopped: want %d", n, outside)
		}
	})
}

// What a backend has started by itself, inside a poll, does not wait for a handler that
// takes long.
func TestRestartIsFlushed(t *testing.T) {
	eachCollecting(t, func(t *testing.T, p *Proactor, c *collecting) {
		c.restarts = true
		left, late := 100, 0
		timer := p.NewTimer()
		var again ops.HandlerFunc
		again = func(int, error) {
			if left--; left < 0 {
				return
			}
			if c.kept {
				late++
			}
			c.now += 10 * flushTime
			timer.Wait(0, again)
		}
		again(0, nil)
		late = 0
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if late > 0 {
			t.Errorf("%d of 100 handlers were called before what the poll has started was handed over", late)
		}
	})
}

// Handlers that other runners call while the leader polls do not make it believe that
// those since the poll were quicker.
func TestMeasuredSincePoll(t *testing.T) {
	p, c := newCollecting(t)
	const takes = 20_000
	for range 100 {
		p.mu.Lock()
		p.sincePoll = 1000 // while somebody polls
		p.pollEnd = c.now
		p.startCounting()
		p.sincePoll = 10
		c.now += 10 * takes
		p.measureHandlers()
		p.mu.Unlock()
	}
	if mean := p.flushing.mean; mean < takes*9/10 || mean > takes*11/10 {
		t.Errorf("handlers of %d ns are taken to take %d ns", takes, mean)
	}
}

func TestNextBurst(t *testing.T) {
	for _, test := range []struct {
		n    int
		took int64
		want int
	}{
		{128, 1, 128},
		{128, burstTime, 128},
		{128, 2 * burstTime, 64},
		{128, 100 * burstTime, minBurst},
		{minBurst, 1, 2 * minBurst},
		{5000, 1, maxBurst}, // which is many more a millisecond than an int may have room for
		{math.MaxInt32 / 2, burstTime, maxBurst},
	} {
		if got := nextBurst(test.n, test.took); got != test.want {
			t.Errorf("after %d handlers in %d ns: %d, want %d", test.n, test.took, got, test.want)
		}
	}
}
