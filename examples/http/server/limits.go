package server

import (
	"time"

	"github.com/heirloom-go/heirloom/examples/http/http1"
)

// Limits bound what a client may ask for. What is 0 has the default.
type Limits struct {
	Head        int // bytes of a request line and its fields: 16 KiB; beyond it 431
	Target      int // bytes of a target: 8 KiB; beyond it 414
	Fields      int // header fields: 100, at most [http1.MaxFields]; beyond it 431
	Body        int // bytes of a body: 1 MiB; beyond it 413
	Connections int // of each listener: no limit; further clients wait to be accepted
}

func (l Limits) withDefaults() Limits {
	def(&l.Head, 16<<10)
	def(&l.Target, 8<<10)
	def(&l.Fields, 100)
	def(&l.Body, 1<<20)
	return l
}

func (l Limits) ofHead() http1.Limits {
	return http1.Limits{Head: l.Head, Target: l.Target, Fields: l.Fields}
}

// Timeouts bound how long a client may take. What is 0 has the default. They are exact to
// a second: none is shorter than it says.
type Timeouts struct {
	Head  time.Duration // from the first byte of a head to its end: 10 s; also for a handshake
	Body  time.Duration // from the end of the head to that of the body: 30 s
	Idle  time.Duration // from one request to the next: 60 s
	Write time.Duration // for the answers to what was read at once: 30 s
}

func (t Timeouts) withDefaults() Timeouts {
	def(&t.Head, 10*time.Second)
	def(&t.Body, 30*time.Second)
	def(&t.Idle, time.Minute)
	def(&t.Write, 30*time.Second)
	return t
}

func def[T int | time.Duration](x *T, value T) {
	if *x == 0 {
		*x = value
	}
}
