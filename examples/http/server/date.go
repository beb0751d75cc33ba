package server

import (
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A clock has the time as it is in a Date, put right once a second, so that neither an
// answer nor a deadline asks the system for it.
type clock struct {
	now     time.Time
	tick    uint32 // counts the seconds
	ok      []byte // the beginning of an answer that says 200
	date    []byte // the part of that with the date
	timer   platform.Timer
	slot    combinators.SingleSlot[ops.Operation]
	stopped bool
}

const okLine = "HTTP/1.1 200 OK\r\n"

func (c *clock) start(l *loop) {
	c.timer.Init(l.p)
	c.advance(l)
}

// advance takes the time and waits for the next second to begin.
func (c *clock) advance(l *loop) {
	c.now = l.p.Now()
	c.tick++
	c.ok = append(c.ok[:0], okLine+"Date: "...)
	c.ok = c.now.UTC().AppendFormat(c.ok, "Mon, 02 Jan 2006 15:04:05 GMT")
	c.ok = append(c.ok, "\r\n"...)
	c.date = c.ok[len(okLine):]
	c.timer.Wait(time.Second-time.Duration(c.now.Nanosecond()), (*onTick)(l))
}

func (c *clock) stop() {
	c.stopped = true
	c.timer.Cancel()
}

type onTick loop

func (h *onTick) Allocator() allocator.Allocator[ops.Operation] { return &h.clock.slot }

func (h *onTick) Complete(_ int, err error) {
	if l := (*loop)(h); err == nil && !l.clock.stopped {
		l.clock.advance(l)
		l.counters.publish()
	}
}
