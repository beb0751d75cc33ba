// Package http2 has a server of golang.org/x/net/http2 shut down while clients break the protocol.
package http2

import (
	"context"
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/platform/sim"
	"golang.org/x/net/http2"
)

// TestShutdown: a server that is shut down ends, as no client holds it up: each either
// leaves, or has broken the protocol, and then the server is to close the connection.
func TestShutdown(t *testing.T) {
	weather := sim.Stormy()
	weather.MaxDelay = 2 * time.Second
	weather.SlowCancel = 0 // net/http closes connections with a mutex held
	rediscover.Hunt(t, rediscover.Case{
		Weather:  weather,
		Programs: 500,
		Shows:    `http2\.\(\*serverConn\)\.serve`,
	}, shutdown)
}

const address = "127.0.0.1:80"

func shutdown(w *rediscover.World) {
	s := newServer(w.Listen(address))
	var clients sync.WaitGroup
	for i := range uint64(3) {
		clients.Go(func() { visit(w, w.Random(i)) })
	}
	rediscover.Pause(w.Random(100), 20*time.Second)
	w.Within(time.Hour, "the server", s.shutdown)
	w.Within(time.Hour, "a client", clients.Wait)
}

// A server sends back what it gets.
type server struct {
	l      net.Listener
	server http.Server
	h2     http2.Server
	conns  sync.WaitGroup
}

func newServer(l net.Listener) *server {
	s := &server{l: l, server: http.Server{
		ErrorLog: log.New(io.Discard, "", 0),
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }),
	}}
	http2.ConfigureServer(&s.server, &s.h2)
	s.conns.Go(s.serve)
	return s
}

func (s *server) serve() {
	for {
		c, err := s.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // accepts fail now and then
		}
		s.conns.Go(func() { s.h2.ServeConn(c, &http2.ServeConnOpts{BaseConfig: &s.server}) })
	}
}

// shutdown returns when no connection is left.
func (s *server) shutdown() {
	s.l.Close()
	s.server.Shutdown(context.Background())
	s.conns.Wait()
}

// visit is a client.
func visit(w *rediscover.World, r *rand.Rand) {
	c, err := w.Dial("tcp", address)
	if err != nil {
		return
	}
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(io.Discard, c) })
	if post(r, c) != nil || r.IntN(2) == 0 {
		c.Close() // it leaves
	} else if misbehave(c) != nil {
		c.Close()
	}
	reading.Wait()
	c.Close()
}

// post sends a request whose body does not end.
func post(r *rand.Rand, c net.Conn) error {
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return err
	}
	f := http2.NewFramer(c, nil)
	if err := f.WriteSettings(); err != nil {
		return err
	}
	if err := f.WriteHeaders(http2.HeadersFrameParam{
		StreamID:      1,
		BlockFragment: []byte("\x83\x86\x84\x01\x09127.0.0.1"), // POST http / of 127.0.0.1
		EndHeaders:    true,
	}); err != nil {
		return err
	}
	for r.IntN(8) != 0 {
		rediscover.Pause(r, 5*time.Second)
		if err := f.WriteData(1, false, []byte("a piece of what is posted")); err != nil {
			return err
		}
	}
	return nil
}

// misbehave sends what is an error of the protocol: a window that grows by 0.
func misbehave(c net.Conn) error {
	return http2.NewFramer(c, nil).WriteRawFrame(http2.FrameWindowUpdate, 0, 0, make([]byte, 4))
}
