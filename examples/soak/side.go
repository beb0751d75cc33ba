package main

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A side is an end of a connection: a socket, a chain of reads, a chain of
// writes, and a strand for their handlers. A client uses it for one connection
// after another, a server for one.
type side struct {
	trial         *trial
	rng           *rand.Rand
	conn          platform.Conn
	opened        atomic.Bool // conn may be cancelled
	canceled      atomic.Bool // and was, sometime
	strand        *ops.Strand
	turn          *turn
	reads, writes chain

	buffers *source[byte]
	buf     []byte
	line    [helloSize]byte // the hello, as it is sent
	helloed int             // bytes of it that were sent or received
}

const (
	minBuffer, maxBuffer = 256, 2048
	helloSize            = 12
)

// init prepares the side, one of many.
func (s *side) init(t *trial) {
	s.trial = t
	s.rng = rand.New(rand.NewPCG(t.seed, uint64(t.made)))
	s.strand = ops.NewStrand(t.proactor)
	s.turn = new(turn)
	s.buffers = t.buffers[t.made%len(t.buffers)]
	t.made++
	s.chain(&s.reads, t.source(), nil)
	s.chain(&s.writes, t.source(), nil)
}

// chain prepares a chain of the side.
func (s *side) chain(c *chain, from allocator.Allocator[ops.Operation], then func(int, error)) {
	c.trial, c.source, c.turn, c.then = s.trial, from, s.turn, then
	if s.trial.runners > 1 {
		c.executor = s.strand
	}
}

// open takes what a connection needs.
func (s *side) open() {
	s.helloed = 0
	buf, err := s.buffers.Allocate(minBuffer + s.rng.IntN(maxBuffer-minBuffer+1))
	if err != nil {
		s.trial.violated("%v: a buffer: %v", contract.Exhaustion, err)
		buf = make([]byte, minBuffer)
	}
	s.buf = buf
}

// release gives it back. Nothing is outstanding.
func (s *side) release() {
	if s.buf != nil {
		s.buffers.Deallocate(s.buf)
		s.buf = nil
	}
}

// read reads what there is, now and then with little patience, and now and
// then not at all.
func (s *side) read(b []byte) {
	dice := s.rng.Uint32()
	if dice%32 == 0 {
		s.reads.timeout = time.Duration(s.rng.IntN(20_000)) * time.Microsecond
	}
	s.reads.start(func() { s.conn.Read(b, &s.reads) })
	if dice%64 == 1 {
		s.cancel(&s.reads)
	}
}

// write writes all of b, unless it is cancelled.
func (s *side) write(b []byte) {
	s.writes.start(func() { ops.WriteFull(&s.conn, b, &s.writes) })
	if s.rng.Uint32()%64 == 0 {
		s.cancel(&s.writes)
	}
}

func (s *side) cancel(c *chain) {
	s.canceled.Store(true)
	c.slot.Cancel()
}

// again reports whether an operation ended early for a reason that leaves the
// stream as it was, so that it can go on.
func (s *side) again(err error) bool {
	switch {
	case errors.Is(err, ops.ErrCanceled):
		s.trial.count(cancels)
		if !s.canceled.Load() {
			s.trial.violated("an operation was cancelled by nobody")
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.trial.count(timeouts)
	case errors.Is(err, allocator.ErrExhausted):
		s.trial.count(exhausted)
	default:
		return false
	}
	return true
}

// busy reports whether something is outstanding.
func (s *side) busy() bool { return s.reads.waiting.Load() || s.writes.waiting.Load() }

// ended judges the side after its proactor was closed.
func (s *side) ended() {
	s.reads.ended()
	s.writes.ended()
	s.release()
}

// An ending is how a connection is to end.
type ending uint8

const (
	closed         ending = iota // the client closes when it has everything back
	halfClosed                   // it ends its stream then, and waits for the server's end
	peerHalfClosed               // the server ends its stream first
	dropped                      // the client closes while it reads and writes
	peerDropped                  // the server closes while the client does
	reset                        // the client closes with data that it did not read
	peerReset                    // the server does
	silent                       // the client says nothing, and leaves
	slammed                      // the server closes at once
	refused                      // nobody listens
	hasty                        // the client cancels while it connects
)

// endings has each ending as often as it is to happen.
var endings = func() (all []ending) {
	for end, n := range []int{closed: 30, halfClosed: 20, peerHalfClosed: 10, dropped: 8, peerDropped: 8, reset: 8, peerReset: 8, silent: 2, slammed: 2, refused: 2, hasty: 2} {
		for range n {
			all = append(all, ending(end))
		}
	}
	return all
}()

// clean reports whether nobody may see an error.
func (e ending) clean() bool { return e <= peerHalfClosed }

// A hello is the first thing that a client sends: how the connection is to
// end, after how many bytes.
type hello struct {
	end   ending
	after int
}

const magic = 0x4845_4952 // "HEIR"

func (h hello) put(b *[helloSize]byte) {
	binary.BigEndian.PutUint32(b[:], magic)
	binary.BigEndian.PutUint32(b[4:], uint32(h.end))
	binary.BigEndian.PutUint32(b[8:], uint32(h.after))
}

func getHello(b *[helloSize]byte) (h hello, ok bool) {
	h.end = ending(binary.BigEndian.Uint32(b[4:]))
	h.after = int(binary.BigEndian.Uint32(b[8:]))
	return h, binary.BigEndian.Uint32(b[:]) == magic && h.end <= hasty
}
