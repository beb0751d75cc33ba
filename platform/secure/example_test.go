package secure_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// fatal is what the examples do with an error that they do not expect.
func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A TLS echo server. Each session is one chain of operations, whose memory is the slot in
// the session. While it waits for the peer it has no buffer for records. The client here
// is a coroutine.
func Example() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	config := &tls.Config{Certificates: []tls.Certificate{good()}}

	accept(l, config)

	p.Spawn(ops.HandlerFunc(func(_ int, err error) { fatal(err) }), func(co *platform.Co) error {
		defer l.Close()
		return hello(co, l.Addr().String(), &tls.Config{RootCAs: ours().pool, ServerName: serverName})
	})
	fatal(p.Run(context.Background()))
	// Output: hello
}

type session struct {
	tcp  platform.Conn
	tls  secure.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [1024]byte
}

// accept starts a session with the next connection, and then another.
func accept(l *platform.Listener, config *tls.Config) {
	s := new(session)
	l.Accept(&s.tcp, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			return // the listener was closed
		}
		s.tcp.SetDeadline(s.tcp.Proactor().Now().Add(10 * time.Second)) // for all of the handshake
		s.tls.Server(&s.tcp, config)
		s.tls.Handshake((*onShaken)(s))
		accept(l, config)
	}))
}

type onShaken session

func (s *onShaken) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onShaken) Complete(_ int, err error) {
	if err != nil {
		s.tcp.Close()
		return
	}
	s.tcp.SetDeadline(time.Time{})
	s.tls.Read(s.buf[:], (*onRead)(s))
}

type onRead session

func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onRead) Complete(n int, err error) {
	switch err {
	case nil:
		ops.WriteFull(&s.tls, s.buf[:n], (*onWritten)(s))
	case io.EOF:
		s.tls.Shutdown((*onShutdown)(s))
	default:
		s.tcp.Close()
	}
}

type onWritten session

func (s *onWritten) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onWritten) Complete(_ int, err error) {
	if err != nil {
		s.tcp.Close()
		return
	}
	s.tls.Read(s.buf[:], (*onRead)(s))
}

type onShutdown session

func (s *onShutdown) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onShutdown) Complete(int, error) { s.tcp.Close() }

// hello is a client, as a coroutine.
func hello(co *platform.Co, address string, config *tls.Config) error {
	var below platform.Conn
	if err := co.Connect(&below, "tcp", address); err != nil {
		return err
	}
	defer below.Close()
	var c secure.Conn
	c.Client(&below, config)
	if _, err := co.Await(c.Handshake); err != nil {
		return err
	}
	if _, err := co.Write(&c, []byte("hello")); err != nil {
		return err
	}
	reply := make([]byte, 5)
	if _, err := co.ReadFull(&c, reply); err != nil {
		return err
	}
	fmt.Printf("%s\n", reply)
	_, err := co.Await(c.Shutdown)
	return err
}

// The same program on a simulated network, whose weather delivers data in parts and late.
func Example_simulated() {
	weather := sim.Weather{Partial: 2, Delay: 2, MaxDelay: time.Second}
	w := sim.New(sim.Seeded(1), sim.WithWeather(weather), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "10.0.0.1:443")
	fatal(err)
	now := time.Now // certificates are of today, not of the year 2000

	accept(l, &tls.Config{Certificates: []tls.Certificate{good()}, Time: now})

	p.Spawn(ops.HandlerFunc(func(_ int, err error) { fatal(err) }), func(co *platform.Co) error {
		defer l.Close()
		return hello(co, l.Addr().String(), &tls.Config{RootCAs: ours().pool, ServerName: serverName, Time: now})
	})
	fatal(p.Run(context.Background()))
	// Output: hello
}

// A client that announces the protocols that it speaks (ALPN), as HTTP/2 requires.
func ExampleConn_Client() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	accept(l, &tls.Config{Certificates: []tls.Certificate{good()}, NextProtos: []string{"h2", "http/1.1"}})

	config := &tls.Config{RootCAs: ours().pool, ServerName: serverName, NextProtos: []string{"h2"}}
	var tcp platform.Conn
	var c secure.Conn
	p.Connect(&tcp, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		c.Client(&tcp, config)
		c.Handshake(ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			state := c.ConnectionState()
			fmt.Println(tls.VersionName(state.Version), state.NegotiatedProtocol)
			c.Close()
			l.Close()
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output: TLS 1.3 h2
}

// Records are in memory of the program: here in at most two blocks, one for a read and one
// for a write.
func ExampleConn_Handshake() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	accept(l, &tls.Config{Certificates: []tls.Certificate{good()}})

	records := combinators.NewStats[byte](combinators.NewSlots[byte](allocator.Heap[byte]{}, 2))
	var tcp platform.Conn
	var c secure.Conn
	reply := make([]byte, 5)
	p.Connect(&tcp, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		c.Client(&tcp, &tls.Config{RootCAs: ours().pool, ServerName: serverName})
		c.Handshake(ops.WithAllocator[byte](ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			ops.WriteFull(&c, []byte("hello"), ops.HandlerFunc(func(int, error) {
				ops.ReadFull(&c, reply, ops.HandlerFunc(func(int, error) {
					fmt.Printf("%s, and %d blocks are in use\n", reply, records.Counts().Live)
					c.Close()
					l.Close()
				}))
			}))
		}), records))
	}))
	fatal(p.Run(context.Background()))
	// Output: hello, and 0 blocks are in use
}

// A transport may be a wrapper around a connection: this one counts the bytes that are read
// below.
func ExampleTransport() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	accept(l, &tls.Config{Certificates: []tls.Certificate{good()}})

	var below counted
	var c secure.Conn
	reply := make([]byte, 5)
	p.Connect(&below.Conn, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		c.Client(&below, &tls.Config{RootCAs: ours().pool, ServerName: serverName})
		c.Handshake(ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			below.received = 0
			ops.WriteFull(&c, []byte("hello"), ops.HandlerFunc(func(int, error) {
				ops.ReadFull(&c, reply, ops.HandlerFunc(func(int, error) {
					fmt.Println(below.received > len(reply))
					c.Close()
					l.Close()
				}))
			}))
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output: true
}

type counted struct {
	platform.Conn
	received int
}

func (c *counted) TryRead(b []byte) (n int, err error) {
	n, err = c.Conn.TryRead(b)
	c.received += n
	return n, err
}
