package iocp

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/winsock"
)

// An accepting is what a listener has for its next connection.
type accepting struct {
	s    windows.Handle // or 0
	gone int            // how many clients have gone, one after another
	room [2 * winsock.AddressRoom]byte
}

func (a *accepting) close() {
	if a.s != 0 {
		windows.Closesocket(a.s)
		a.s = 0
	}
}

// accept has the next connection accepted.
func (b *Backend) accept(x *socket, op *ops.Operation, r *request) bool {
	a := x.rare.accept
	s, err := winsock.OpenStream(int(x.family))
	if err != nil {
		op.Err = err
		return true
	}
	a.s = s
	return b.issued(x, op, r, winsock.AcceptEx(x.handle, s, &a.room, &r.n, &r.Overlapped))
}

// gone is what AcceptEx, or the first call after it, fails with where the peer has gone.
var gone = []syscall.Errno{windows.ERROR_NETNAME_DELETED, windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.WSAENOTCONN}

// mostGone is how many clients may have gone before an accept fails with that. There may be
// no client at all, and something wrong with the listener.
const mostGone = 256

// accepted opens the socket that op accepts. A peer that has gone meanwhile is no error of
// the listener, and the next one is accepted instead.
func (b *Backend) accepted(x *socket, op *ops.Operation, r *request, errno syscall.Errno) (ended bool) {
	a := x.rare.accept
	err := winsock.Failure("acceptex", errno)
	if errno == 0 {
		err = winsock.Accepted(x.handle, a.s, x.family != windows.AF_UNIX, &x.rare.options)
	}
	ofPeer := slices.ContainsFunc(gone, func(e syscall.Errno) bool { return errors.Is(err, e) })
	switch {
	case err == nil:
		s := a.s
		a.s, a.gone = 0, 0
		conn := backend.Accepted(op).Sys.(*socket)
		conn.Lock()
		defer conn.Unlock()
		if op.Err = b.attach(conn, s, x.family != windows.AF_UNIX); x.family != windows.AF_UNIX {
			conn.peer = winsock.PeerOf(&a.room)
		}
		return true
	case ofPeer && r.canceled:
		err = ops.ErrCanceled
	case ofPeer && x.handle != windows.InvalidHandle && a.gone < mostGone:
		a.gone++
		a.close()
		*r = request{}
		return b.accept(x, op, r)
	}
	a.close()
	a.gone = 0
	op.Err = err
	return true
}

// connect opens a socket and has it connected.
func (b *Backend) connect(x *socket, op *ops.Operation) bool {
	if path, ok := backend.Path(op); ok {
		s, err := winsock.ConnectUnix(path, backend.ConnectOptions(op))
		if err == nil {
			err = b.attach(x, s, false)
		}
		op.Err = err
		return true
	}
	to := backend.Addr(op)
	if to.Addr().IsUnspecified() { // as package net has it; the system refuses it
		to = netip.AddrPortFrom(loopback(to.Addr()), to.Port())
	}
	inet6, family := !to.Addr().Is4(), windows.AF_INET
	from, given := backend.Source(op)
	if inet6 {
		family = windows.AF_INET6
	}
	if !given { // ConnectEx wants a socket that is bound
		from = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
		if inet6 {
			from = netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
		}
	}
	var sa windows.RawSockaddrInet6
	size, err := winsock.ToSockaddr(&sa, from, inet6)
	var s windows.Handle
	if err == nil {
		s, err = winsock.OpenSource(family, &sa, size, backend.ConnectOptions(op))
	}
	if err == nil {
		if err = b.attach(x, s, true); err == nil {
			size, err = winsock.ToSockaddr(&sa, to, inet6)
		}
	}
	if err != nil {
		op.Err = err
		return true
	}
	if to.Addr().IsLoopback() {
		winsock.RefuseSoon(x.handle)
	}
	r := &x.requests[backend.Writing]
	*r = request{}
	x.peer = sa
	return b.issued(x, op, r, winsock.ConnectEx(x.handle, &sa, size, &r.Overlapped))
}

func loopback(family netip.Addr) netip.Addr {
	if family.Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}
