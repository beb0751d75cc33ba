package platform

import (
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
}

func (c *collecting) Flush() {
	c.asked++
	c.flushes = append(c.flushes, c.now)
}

func (c *collecting) Poll(wait time.Duration) {
	c.flushes = append(c.flushes, c.now)
	c.quiet.Poll(wait)
}

// What handlers have started waits for about flushTime at most, when they take alike.
func TestFlushedInTime(t *testing.T) {
	for _, takes := range []int64{100, 1000, 20_000, flushTime, 10 * flushTime} {
		c := new(collecting)
		p, err := New(SingleRunner(), WithCustomBackend(func(backend.Host) (backend.Backend, error) { return c, nil }))
		if err != nil {
			t.Fatal(err)
		}
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
