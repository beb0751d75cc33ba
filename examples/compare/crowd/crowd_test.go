package crowd

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// TestRun has a crowd speak to an echo server.
func TestRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()

	const connections = 40
	var r Result
	err = Run(t.Context(), Config{l.Addr().String(), connections, 100, 20 * time.Millisecond}, func() error { return nil }, func(result Result) error {
		r = result
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := 80; len(r.Latencies) != want {
		t.Errorf("%d messages were answered, want %d: 40 connections, 100 a second each, for 20 ms", len(r.Latencies), want)
	}
	for _, latency := range r.Latencies {
		if latency <= 0 {
			t.Errorf("a message took %v", latency)
		}
	}
}

// TestConnectFails closes the connections that are open when one cannot be opened.
func TestConnectFails(t *testing.T) {
	refused := errors.New("refused")
	var opened, closed atomic.Int64
	_, err := Connect(100, func(int) (net.Conn, error) {
		if opened.Add(1) > 10 {
			return nil, refused
		}
		return counted{&closed}, nil
	})
	if !errors.Is(err, refused) {
		t.Errorf("the error is %v, want that of the dial", err)
	}
	if closed.Load() != 10 {
		t.Errorf("%d connections were closed, want the 10 that were open", closed.Load())
	}
}

type counted struct{ closed *atomic.Int64 }

func (c counted) Close() error {
	c.closed.Add(1)
	return nil
}

func (counted) Read([]byte) (int, error)         { return 0, io.EOF }
func (counted) Write([]byte) (int, error)        { return 0, io.EOF }
func (counted) LocalAddr() net.Addr              { return nil }
func (counted) RemoteAddr() net.Addr             { return nil }
func (counted) SetDeadline(time.Time) error      { return nil }
func (counted) SetReadDeadline(time.Time) error  { return nil }
func (counted) SetWriteDeadline(time.Time) error { return nil }
