package netconn

import (
	"context"
	"net"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A Dialer dials as a net.Dialer does. It must not be changed while it dials; any number
// of goroutines may use it, except one that is running the proactor.
type Dialer struct {
	// Proactor is the proactor that the connections belong to. It must not be nil.
	Proactor *platform.Proactor

	// Dialer has the options. Its Timeout limits each dial.
	platform.Dialer
}

// Dial connects to an address, as [Dialer.DialContext] does.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to an address as net.Dial takes it; the network is "tcp", "tcp4",
// "tcp6" or "unix", and the result is a [*Conn]; or it is "udp", "udp4" or "udp6", with a
// numeric address, and the result is a [*PacketConn]. If the context is done before the
// connection is made, the error is that of the context in a [*net.OpError].
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.Proactor == nil {
		panic("netconn: Dial: nil Proactor")
	}
	err := ctx.Err()
	if err == nil {
		switch network {
		case "udp", "udp4", "udp6":
			var c *PacketConn
			if c, err = dialPacket(d.Proactor, network, address); err == nil {
				return c, nil
			}
		default:
			var c *Conn
			if c, err = d.dial(ctx, network, address); err == nil {
				return c, nil
			}
		}
	}
	if done := ctx.Err(); done != nil {
		err = &net.OpError{Op: "dial", Net: network, Addr: named{network, address}, Err: done}
	}
	return nil, failed("dial", nil, named{network, address}, err)
}

func (d *Dialer) dial(ctx context.Context, network, address string) (*Conn, error) {
	c := newConn(newLoop(d.Proactor))
	slot := new(ops.CancelSlot)
	defer slot.CancelOnDone(ctx)()
	h := ops.WithCancelSlot((*opening)(c), slot)
	_, err := c.reads.wait(&c.loop, func() { d.Dialer.Dial(d.Proactor, c.conn, network, address, h) })
	if err != nil {
		return nil, err
	}
	return c, nil
}

// named is an address as the program has given it.
type named struct{ network, address string }

func (a named) Network() string { return a.network }
func (a named) String() string  { return a.address }
