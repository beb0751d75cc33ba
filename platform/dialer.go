package platform

import (
	"context"
	"net/netip"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// A Dialer connects to addresses, which may be names. Its zero value is ready. Any
// number of dials may use a Dialer at the same time; it must not be changed meanwhile.
type Dialer struct {
	// Timeout is how long a whole dial may take. After that its handler is called with
	// os.ErrDeadlineExceeded. With 0 there is no limit, except that of the handler
	// (see [ops.WithTimeout]) and of the system.
	Timeout time.Duration

	// LocalAddr is the address to dial from, if it is valid, for TCP only. Its port may be
	// 0 to choose only the address, and its address unspecified to choose only the port.
	// Only addresses of the same family are tried.
	LocalAddr netip.AddrPort

	// FallbackDelay is how long a dial waits for an attempt before it also tries the next
	// address of a name. With 0 it is 300 ms, as in package net; if it is negative, an
	// address is tried only when the one before has failed.
	FallbackDelay time.Duration

	// Resolver looks up names. A nil one is net.DefaultResolver.
	Resolver Resolver

	// SocketOptions are the options of the connection. With options other than the
	// defaults, a dial allocates once for each address.
	SocketOptions
}

// A Resolver looks up the addresses of a host, as [net.Resolver] does. The network is
// "ip", "ip4" or "ip6". A proactor calls it on separate goroutines, several at a time.
// Once its context is done, the result is not used any more. If a Resolver ends its
// goroutine (runtime.Goexit), the dial has failed.
type Resolver interface {
	// LookupNetIP returns the addresses of a host, the best first. A dial tries them in
	// that order, alternating between the families. An error ends the dial, and so does an empty
	// result, with a *net.DNSError that says that there is no such host. When the context
	// is done, LookupNetIP should return soon: it occupies its goroutine until it does.
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

var plainDialer Dialer

// Dial is [Dialer.Dial] of a zero Dialer.
func (p *Proactor) Dial(c *Conn, network, address string, h ops.Handler) {
	plainDialer.Dial(p, c, network, address, h)
}

// Dial connects c on p, as [Proactor.Connect] does, and takes an address as net.Dial takes
// it, which may contain the names of a host and of a service.
//
// For a numeric address, a dial is one connect, and costs nothing more. So is a dial of
// "localhost" with "tcp4" or "tcp6"; with "tcp" it tries 127.0.0.1 and then [::1]. Any
// other name is looked up, on one of at most 32 goroutines that the proactor starts for
// that; if all of them are busy, the dial waits. Then the addresses are tried as in RFC
// 8305 (happy eyeballs): both families in turn, and the next address when the one before
// has failed or takes longer than FallbackDelay. The first connection is kept, and the
// handler is called when the other attempts have ended. If all of them fail, it is called
// with the error of the first address.
//
// Cancelling, closing c or the proactor, and a timeout end a dial at once, even if the
// Resolver does not return. A dial has one operation from the allocator associated with h,
// from its start to its end. Anything else that it needs for a name comes from the Go
// heap.
//
// On a simulated network only "localhost" is known without a Resolver. There the goroutine
// that runs the proactor calls the Resolver.
func (d *Dialer) Dial(p *Proactor, c *Conn, network, address string, h ops.Handler) {
	if c == nil {
		panic("platform: Dial: nil Conn")
	}
	p.mustBeRunner()
	op := ops.Begin(h, p.alloc)
	op.Kind = ops.KindConnect
	var names *dial
	if op.Err == nil {
		op.Limit(d.Timeout)
		names = d.prepare(p, op, network, address)
	}
	if names == nil {
		p.claimAndStart(c, op)
		return
	}
	s := p.claim(&c.h, op)
	if s == nil {
		p.Execute(op)
		return
	}
	names.claimed(s, c, op)
	s.startConnect(op)
	names.begin()
}

// prepare puts into op the address that it connects to, or why it cannot. If there is more
// than one address, it returns a dial.
func (d *Dialer) prepare(p *Proactor, op *ops.Operation, network, address string) *dial {
	err := descriptor.CheckOptions((*backend.SocketOptions)(&d.SocketOptions))
	if err == nil {
		t, ok, wrong := parseTarget(network, address)
		if ok {
			return newDial(p, d, t)
		}
		err = wrong
	}
	if err == nil {
		err = setPeer(op, network, address)
	}
	if _, unix := backend.Path(op); err == nil && !unix && d.hasSource() {
		if err = d.suits(backend.Addr(op).Addr()); err == nil {
			backend.SetSource(op, &d.LocalAddr)
		}
	}
	if err == nil {
		d.setOptions(op)
	}
	op.Err = whence("dial", network, nil, nil, err)
	return nil
}

// setOptions sets the options of the connection, unless they are the defaults.
func (d *Dialer) setOptions(op *ops.Operation) {
	if d.SocketOptions != (SocketOptions{}) {
		backend.SetConnectOptions(op, (*backend.SocketOptions)(&d.SocketOptions))
	}
}

// hasSource reports whether there is an address to dial from.
func (d *Dialer) hasSource() bool { return d.LocalAddr != netip.AddrPort{} }
