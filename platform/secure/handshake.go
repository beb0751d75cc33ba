package secure

import (
	"context"
	"crypto/tls"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Handshake runs the TLS handshake, and calls h with 0 and nil, or with 0 and the reason
// why it has failed. Until then nothing can be read or written. There can be only one
// handshake. After it has failed, the connection can only be closed.
//
// It runs on a coroutine (see [ops.Spawn]), and is the only part in the life of a
// connection that needs a stack. The Co comes from the allocator of ops.Co associated with
// h, and the operations, one at a time, from that of ops.Operation. A timeout of h limits
// each operation, and so starts anew with each byte that a slow peer sends; use
// [Conn.SetDeadline] to limit the handshake. Cryptography, and callbacks of the
// configuration, hold up the goroutine that runs the proactor. The context of these
// callbacks has the values of the context associated with h.
//
// The records of the connection are in memory from the allocator of byte associated with
// h, for as long as c lives, or else from one that all connections share.
func (c *Conn) Handshake(h ops.Handler) {
	c.mustBeSet()
	s := &handshake{c: c, slot: ops.CancelSlotOf(h), epoch: c.currentEpoch(), records: ops.AllocatorOf[byte](h, shared)}
	ctx := context.WithoutCancel(ops.ContextOf(h))
	ops.Spawn(c.below.Proactor(), h, func(co *ops.Co) error {
		s.Co = co
		return s.run(ctx)
	})
}

// A handshake is a handshake that is under way.
type handshake struct {
	*ops.Co
	c       *Conn
	slot    *ops.CancelSlot // or nil
	epoch   uint32          // of c when it was started
	records allocator.Allocator[byte]
}

func (s *handshake) run(ctx context.Context) error {
	if !s.begin() {
		return ErrNoHandshake
	}
	err := ops.ErrCanceled // unless it is set below: the proactor is closed
	defer func() { s.end(err) }()
	if s.isCanceled() { // before it has begun
		return err
	}
	err = withoutConn(s.c.tls.HandshakeContext(ctx))
	return err
}

func (s *handshake) begin() bool {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != fresh {
		return false
	}
	c.phase, c.shake, c.records = shaking, s, s.records
	return true
}

func (s *handshake) end(err error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shake = nil
	if err != nil {
		c.phase, c.err = failed, err
		return
	}
	c.phase, c.in.version = ready, c.tls.ConnectionState().Version
	c.settleInput(false) // crypto/tls has the memory of the handshake
}

// withoutConn returns the error of a handshake without the connection that crypto/tls adds to
// it, so that a program can answer a peer that does not speak TLS. That would be the
// transport, which sends nothing any more; the program has the connection below.
func withoutConn(err error) error {
	if e, ok := err.(tls.RecordHeaderError); ok {
		e.Conn = nil
		return e
	}
	return err
}

func (s *handshake) read(b []byte) (n int, err error) {
	return s.await(func(h ops.Handler) { ops.Read(s.c.below, b, h) })
}

func (s *handshake) write(b []byte) (n int, err error) {
	return s.await(func(h ops.Handler) { ops.WriteFull(s.c.below, b, h) })
}

// await starts an operation below and waits for it. A cancel finds the operation outstanding
// there, or comes before the operation is started, which then does not happen.
func (s *handshake) await(start func(h ops.Handler)) (n int, err error) {
	n, err = s.Await(func(h ops.Handler) {
		s.c.mu.Lock()
		defer s.c.mu.Unlock()
		if s.c.epoch != s.epoch {
			ops.Post(s.c.below.Proactor(), h)
			return
		}
		start(h)
	})
	if err == nil && s.isCanceled() { // when the operation had its result already
		err = ops.ErrCanceled
	}
	return n, err
}

// isCanceled reports whether the handshake must end.
func (s *handshake) isCanceled() bool {
	return s.c.currentEpoch() != s.epoch || s.slot != nil && s.slot.Canceled()
}
