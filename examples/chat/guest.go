package main

import (
	"bytes"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// maxName and maxLine bound what is kept of a guest.
const (
	maxName = 32
	maxLine = 512
)

// A guest is a session: a connection, and all that goes with it. The acceptor allocates it,
// and has it again when the guest has left.
type guest struct {
	room *room
	conn platform.Conn

	// One read is outstanding at a time, so one slot has the memory of all of them.
	lines  ops.BufferedReader
	buf    [maxLine]byte
	memory combinators.SingleSlot[ops.Operation]

	out     ops.WriteQueue
	pending int // operations that have not ended: the read, and deliveries

	name [maxName]byte
	size int  // of the name, 0 at first
	gone bool // leave was called
}

// onArrived is a guest as the handler of its first call on the strand.
type onArrived guest

// Allocator has a guest's operations take their memory from its slot.
func (h *onArrived) Allocator() allocator.Allocator[ops.Operation] { return &h.memory }

// Complete implements ops.Handler.
func (h *onArrived) Complete(int, error) {
	g := (*guest)(h)
	g.lines.Reset(&g.conn, g.buf[:g.room.limits.line])
	g.out.Reset(&g.conn, g.room.limits.behind)
	g.pending = 1 // the read
	g.read()
}

// read waits for a line, but not for ever.
func (g *guest) read() {
	g.conn.SetReadDeadline(g.conn.Proactor().Now().Add(g.room.limits.silence))
	g.lines.ReadLine((*onLine)(g))
}

// onLine is a guest as the handler of its reads.
type onLine guest

// Allocator has the read take its memory from the guest's slot.
func (h *onLine) Allocator() allocator.Allocator[ops.Operation] { return &h.memory }

// Executor has the handler run on the strand of the room.
func (h *onLine) Executor() ops.Executor { return h.room.strand }

// Complete implements ops.Handler. An error is that the guest has gone, was silent for too
// long, has sent a line that is too long, or was sent away.
func (h *onLine) Complete(_ int, err error) {
	g := (*guest)(h)
	if err != nil || g.gone || !g.hears(g.lines.Bytes()) {
		g.leave()
		g.ended()
		return
	}
	g.read()
}

// hears takes a line from the guest, and reports whether it stays.
func (g *guest) hears(line []byte) (stays bool) {
	line = bytes.TrimSpace(line)
	switch {
	case g.size == 0: // it says who it is
		g.size = copy(g.name[:], line)
		if g.size == 0 {
			return false
		}
		g.room.present[g] = struct{}{}
		g.room.announce(nil, star, g.name[:g.size], hasCome) // it hears that it is in
	case string(line) == "/quit":
		return false
	case len(line) > 0:
		g.room.announce(g, g.name[:g.size], colon, line, newline)
	}
	return true
}

var (
	star    = []byte("* ")
	hasCome = []byte(" has come\n")
	hasGone = []byte(" has gone\n")
	colon   = []byte(": ")
	newline = []byte("\n")
)

// leave sends a guest away. What is outstanding for it ends soon.
func (g *guest) leave() {
	if g.gone {
		return
	}
	g.gone = true
	g.conn.Close()
	if _, here := g.room.present[g]; here {
		delete(g.room.present, g)
		g.room.announce(g, star, g.name[:g.size], hasGone)
	}
}

// ended is called when an operation of the guest has ended. After the last one its memory may
// be another's.
func (g *guest) ended() {
	if g.pending--; g.pending == 0 {
		g.room.acceptor.Done(g)
	}
}
