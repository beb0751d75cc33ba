package secure

import (
	"context"
	"crypto/tls"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Handshake agrees with the peer on keys, and calls h with 0 and nil, or with what is
// wrong with the peer or with what it has sent. Until then nothing can be read or
// written. It can be done once. After it has failed, the connection can only be closed.
//
// It runs on a coroutine, see [ops.Spawn]: the only part in the life of a connection
// that needs a stack. The Co comes from the allocator of ops.Co associated with h, and
// the operations, one at a time, from that of ops.Operation. A timeout of h is for each
// of them, and starts anew with each byte that a slow peer sends: [Conn.SetDeadline] limits
// the whole. Cryptography, and what the configuration calls, hold up the goroutine that
// runs the proactor. The context of those callbacks has the values of that of h.
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

// A handshake is one that is under way.
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
	err := ops.ErrCanceled // if the proactor is closed
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
// it for a program that wants to answer what is not TLS. That would be the transport, which
// sends nothing any more; the program has the connection below.
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

// await starts an operation below and waits for it. A cancel finds it outstanding there, or
// comes before it is started, which then it is not.
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

// isCanceled reports whether the handshake is to end.
func (s *handshake) isCanceled() bool {
	return s.c.currentEpoch() != s.epoch || s.slot != nil && s.slot.Canceled()
}
