package platform

import (
	"errors"
	"net"
	"net/netip"
	"slices"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// Errors say where they happened: an error of the system when a socket is opened, and a
// timeout there, is wrapped in a *net.OpError. That is done here, for all backends. Errors
// that the program has caused itself, and knows of, stay as they are.

// plain are the errors that need no place.
var plain = []error{net.ErrClosed, ops.ErrCanceled, ErrInUse, allocator.ErrExhausted}

// whence returns err, an error of opening a socket, with where it happened. The addresses
// may be nil. An error that says so already is left alone.
func whence(what, network string, source, addr net.Addr, err error) error {
	if saysEnough(err) {
		return err
	}
	return &net.OpError{Op: what, Net: network, Source: source, Addr: addr, Err: err}
}

// saysEnough reports whether err needs no place, or has one.
func saysEnough(err error) bool {
	if _, ok := err.(*net.OpError); ok {
		return true
	}
	return err == nil || slices.ContainsFunc(plain, func(p error) bool { return errors.Is(err, p) })
}

// connectError returns the error of a connect with the address of the peer.
func connectError(op *ops.Operation) error {
	if path, ok := backend.Path(op); ok {
		return whence("dial", "unix", nil, &net.UnixAddr{Name: path, Net: "unix"}, op.Err)
	}
	var source net.Addr
	if from, ok := backend.Source(op); ok {
		source = net.TCPAddrFromAddrPort(from)
	}
	return whence("dial", "tcp", source, net.TCPAddrFromAddrPort(backend.Addr(op)), op.Err)
}

// acceptError returns the error of an accept with the address of the listener. The
// caller holds the lock.
func (s *socket) acceptError(err error) error {
	if s.State != record.Open || saysEnough(err) {
		return err
	}
	addr := s.proactorOf().backend.Addr((*backend.Socket)(s), false)
	if addr == nil {
		return err
	}
	return whence("accept", addr.Network(), nil, addr, err)
}

// listenError returns the error of a listen with the address that was asked for, if it
// is one.
func listenError(network, address string, err error) error {
	if errors.Is(err, net.ErrClosed) {
		err = &net.OpError{Op: "listen", Net: network, Err: net.ErrClosed}
	}
	e, ok := err.(*net.OpError)
	if !ok {
		e, _ = whence("listen", network, nil, nil, err).(*net.OpError)
	}
	if e == nil {
		return err
	}
	if _, bad := e.Err.(net.UnknownNetworkError); !bad && e.Addr == nil {
		e.Addr = givenAddr(network, address)
	}
	return e
}

// givenAddr returns the address that a program has given, or nil.
func givenAddr(network, address string) net.Addr {
	if network == "unix" {
		return &net.UnixAddr{Name: address, Net: network}
	}
	addr, err := netip.ParseAddrPort(address)
	switch {
	case err != nil:
		return nil
	case network[0] == 'u':
		return net.UDPAddrFromAddrPort(addr)
	}
	return net.TCPAddrFromAddrPort(addr)
}
