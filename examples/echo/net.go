package main

import (
	"net"
	"sync"
)

// A netServer is the peer: package net, with a goroutine and a buffer a
// connection.
type netServer struct {
	listener net.Listener
	sessions sync.WaitGroup
}

func newNetServer(address string, bufSize int) (*netServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &netServer{listener: listener}
	s.sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.sessions.Go(func() { echo(conn, make([]byte, bufSize)) })
		}
	})
	return s, nil
}

func echo(conn net.Conn, buf []byte) {
	defer conn.Close()
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

// close ends the server, whose clients have left.
func (s *netServer) close() {
	s.listener.Close()
	s.sessions.Wait()
}
