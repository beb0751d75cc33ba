package platform

import (
	"net/netip"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// A Co is a coroutine on a proactor, as seen by its function: an [ops.Co] with the
// operations of this package. See [Proactor.Spawn].
type Co struct {
	*ops.Co
	p    *Proactor
	from netip.AddrPort // of ReadFrom
}

// Spawn runs f as a coroutine, whose methods seem to block, and calls h with 0 and the
// result of f when f has returned. See [ops.Spawn] for what it costs, where its
// memory comes from, and how it ends when p is closed. Two further small blocks come
// from the Go heap.
func (p *Proactor) Spawn(h ops.Handler, f func(co *Co) error) {
	if f == nil {
		panic("platform: Spawn: nil function")
	}
	ops.Spawn(p, h, func(co *ops.Co) error {
		return f(&Co{Co: co, p: p})
	})
}

// Coroutines returns the coroutines that run on p. Len returns how many have begun
// and not ended; the other methods are for [ops.Spawn].
func (p *Proactor) Coroutines() *ops.Coroutines { return &p.coroutines }

// Proactor returns the proactor that the coroutine runs on.
func (co *Co) Proactor() *Proactor { return co.p }

// Accept opens c with the next connection to l; see [Listener.Accept].
func (co *Co) Accept(l *Listener, c *Conn) error {
	_, err := co.Await(func(h ops.Handler) { l.Accept(c, h) })
	return err
}

// Connect connects c to a numeric address; see [Proactor.Connect].
func (co *Co) Connect(c *Conn, network, address string) error {
	_, err := co.Await(func(h ops.Handler) { co.p.Connect(c, network, address, h) })
	return err
}

// Dial connects c to an address, which may be a name; see [Proactor.Dial].
func (co *Co) Dial(c *Conn, network, address string) error {
	_, err := co.Await(func(h ops.Handler) { co.p.Dial(c, network, address, h) })
	return err
}

// ReadFrom reads one packet; see [PacketConn.ReadFrom].
func (co *Co) ReadFrom(c *PacketConn, b []byte) (n int, from netip.AddrPort, err error) {
	n, err = co.Await(func(h ops.Handler) { c.ReadFrom(b, &co.from, h) })
	return n, co.from, err
}

// WriteTo writes one packet; see [PacketConn.WriteTo].
func (co *Co) WriteTo(c *PacketConn, b []byte, to netip.AddrPort) (n int, err error) {
	return co.Await(func(h ops.Handler) { c.WriteTo(b, to, h) })
}

// Sleep waits until d has passed, and returns nil or an error such as [ops.ErrCanceled].
func (co *Co) Sleep(d time.Duration) error {
	_, err := co.Await(func(h ops.Handler) { co.p.sleep.Wait(d, h) })
	return err
}
