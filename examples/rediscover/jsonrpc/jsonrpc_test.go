// Package jsonrpc has clients of sourcegraph/jsonrpc2 share a connection that breaks, or that
// they close.
package jsonrpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/sourcegraph/jsonrpc2"
)

// TestBroken: when a connection is broken, whoever waits for something on it is told.
func TestBroken(t *testing.T) {
	rediscover.Hunt(t, rediscover.Case{
		Weather:  storm(),
		Programs: 200,
		Shows:    `jsonrpc2\.\(\*Conn\)\.send(?s:.*)jsonrpc2\.\(\*Conn\)\.close`,
	}, func(w *rediscover.World) {
		forward := new(logger)
		share(w, &server{log: forward, opened: forward.to}, false)
	})
}

// TestClosed: a connection can be closed at any time.
func TestClosed(t *testing.T) {
	rediscover.Hunt(t, rediscover.Case{
		Weather:  storm(),
		Programs: 200,
		Shows:    `panic: send on closed channel`,
	}, func(w *rediscover.World) {
		share(w, &server{log: log.New(io.Discard, "", 0), opened: func(*jsonrpc2.Conn) {}}, true)
	})
}

func storm() sim.Weather {
	weather := sim.Stormy()
	weather.MaxDelay = time.Second
	weather.SlowCancel = 0 // the library closes connections with a mutex held
	return weather
}

const address = "127.0.0.1:80"

// share has goroutines call a server, and ends the connection when they have ended or, if it
// is to be early, while they call.
func share(w *rediscover.World, s *server, early bool) {
	s.l = w.Listen(address)
	s.serving.Go(s.serve)
	if c, err := w.Dial("tcp", address); err == nil {
		conn := connect(c, jsonrpc2.HandlerWithError(progress(w.Random(101))), jsonrpc2.SetLogger(log.New(io.Discard, "", 0)))
		var clients sync.WaitGroup
		for i := range uint64(4) {
			clients.Go(func() { call(w, i, conn) })
		}
		if early {
			rediscover.Pause(w.Random(100), 5*time.Second)
			conn.Close()
		}
		w.Within(time.Hour, "a call", clients.Wait)
		conn.Close()
	}
	s.l.Close()
	w.Within(time.Hour, "the server", s.serving.Wait)
}

func connect(c net.Conn, h jsonrpc2.Handler, options ...jsonrpc2.ConnOpt) *jsonrpc2.Conn {
	stream := jsonrpc2.NewBufferedStream(rediscover.NewBuffered(c), jsonrpc2.VarintObjectCodec{})
	return jsonrpc2.NewConn(context.Background(), stream, h, options...)
}

// call makes calls, and compares the answers.
func call(w *rediscover.World, i uint64, conn *jsonrpc2.Conn) {
	for j := range 8 {
		want := fmt.Sprint("call ", i, " ", j)
		var got string
		if err := conn.Call(context.Background(), "echo", want, &got); err != nil {
			return
		}
		if got != want {
			w.Violated("%q is answered with %q", want, got)
		}
	}
}

// A server sends back what it is called with, and before that, how it gets on.
type server struct {
	log     jsonrpc2.Logger
	opened  func(*jsonrpc2.Conn)
	l       net.Listener
	serving sync.WaitGroup
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
		s.serving.Go(func() {
			conn := connect(c, jsonrpc2.AsyncHandler(jsonrpc2.HandlerWithError(echo)), jsonrpc2.SetLogger(s.log))
			s.opened(conn)
			<-conn.DisconnectNotify()
		})
	}
}

func echo(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) (any, error) {
	if err := conn.Notify(ctx, "progress", nil); err != nil {
		return nil, err
	}
	return r.Params, nil
}

// progress handles what the server says before it answers. It takes its time.
func progress(r *rand.Rand) func(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) (any, error) {
	return func(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request) (any, error) {
		rediscover.Pause(r, time.Second)
		return nil, nil
	}
}

// A logger sends what is logged to the other end of a connection.
type logger struct {
	mu   sync.Mutex
	conn *jsonrpc2.Conn
}

func (l *logger) to(conn *jsonrpc2.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
}

func (l *logger) Printf(format string, args ...any) {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		conn.Notify(context.Background(), "log", fmt.Sprintf(format, args...))
	}
}
