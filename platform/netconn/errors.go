package netconn

import (
	"errors"
	"io"
	"net"
)

// failed returns an error of package platform as one of package net.
func (s *socket) failed(what string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return failed(what, s.local, s.remote, err)
}

// failed wraps an error to say where it has happened, unless it says so already.
func failed(what string, local, remote net.Addr, err error) error {
	if _, ok := errors.AsType[*net.OpError](err); ok || err == nil {
		return err
	}
	e := &net.OpError{Op: what, Source: local, Addr: remote, Err: err}
	if remote == nil { // as package net has it
		e.Source, e.Addr = nil, local
	}
	if e.Addr != nil {
		e.Net = e.Addr.Network()
	}
	return e
}
