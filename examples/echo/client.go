package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A load is the clients of a server, the same ones whichever server it is.
//
// They share the process with the server, and so its heap and its processors,
// and must not be seen in the figures: they are two chains a connection on one
// goroutine, with two slots a client, and allocate nothing once they are
// connected. A client has one message under way and sends the next when the
// last one is back, so the server sees as many messages at once as there are
// connections.
type load struct {
	proactor *platform.Proactor
	address  string
	clients  []client
	messages atomic.Int64  // echoed
	ready    chan struct{} // closed when all are connected
	ended    chan struct{} // closed when the clients have ended
	err      error         // why, unless they were closed; to be read once they have
	stop     context.CancelFunc
}

// newLoad starts to connect clients to a server; once all are connected they
// send.
func newLoad(address string, conns, size int) (*load, error) {
	proactor, err := platform.New(platform.SingleRunner())
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &load{
		proactor: proactor,
		address:  address,
		clients:  make([]client, conns),
		ready:    make(chan struct{}),
		ended:    make(chan struct{}),
		stop:     stop,
	}
	for i := range l.clients {
		c := &l.clients[i]
		c.load, c.index = l, i
		c.out = make([]byte, size)
		// One byte more than can come: a read that does not fill its buffer
		// shows that there is nothing left, and the next one can wait for
		// the kernel to say so without asking.
		c.in = make([]byte, size+1)
	}
	l.clients[0].connect()
	go func() {
		err := proactor.Run(ctx)
		if l.err == nil && !errors.Is(err, context.Canceled) {
			l.err = err
		}
		proactor.Close()
		close(l.ended)
	}()
	return l, nil
}

// close ends the clients and returns the first error that one of them had.
func (l *load) close() error {
	l.stop()
	<-l.ended
	return l.err
}

func (l *load) fail(err error) {
	if l.err == nil {
		l.err = err
	}
	l.proactor.Stop()
}

// A client sends a message and reads it back, again and again.
type client struct {
	load  *load
	index int
	conn  platform.Conn

	// Two chains: the read is outstanding before the message is sent, so that
	// one larger than what the kernel buffers cannot get stuck.
	reads, writes combinators.SingleSlot[ops.Operation]
	out, in       []byte
	got           int
	sent          bool
	number        uint64
}

// connect connects the clients one after the other, which no listener's
// backlog can be too short for.
func (c *client) connect() {
	c.load.proactor.Connect(&c.conn, "tcp", c.load.address, (*onConnect)(c))
}

type onConnect client

func (c *onConnect) Allocator() allocator.Allocator[ops.Operation] { return &c.writes }

func (c *onConnect) Complete(_ int, err error) {
	l := c.load
	switch next := c.index + 1; {
	case err != nil:
		l.fail(fmt.Errorf("client %d of %d: %w", next, len(l.clients), err))
	case next < len(l.clients):
		l.clients[next].connect()
	default:
		for i := range l.clients {
			l.clients[i].send()
		}
		close(l.ready)
	}
}

func (c *client) send() {
	// A message differs from the last one, so that an old one is not taken
	// for its echo.
	c.number++
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], c.number)
	copy(c.out, number[:])
	c.got, c.sent = 0, false
	c.conn.Read(c.in, (*onEcho)(c))
	ops.WriteFull(&c.conn, c.out, (*onSent)(c))
}

type onSent client

func (c *onSent) Allocator() allocator.Allocator[ops.Operation] { return &c.writes }

func (c *onSent) Complete(_ int, err error) {
	if err != nil {
		c.load.fail(fmt.Errorf("client %d: %w", c.index+1, err))
		return
	}
	c.sent = true
	(*client)(c).received()
}

type onEcho client

func (c *onEcho) Allocator() allocator.Allocator[ops.Operation] { return &c.reads }

func (c *onEcho) Complete(n int, err error) {
	c.got += n
	switch {
	case err != nil:
		c.load.fail(fmt.Errorf("client %d: %w", c.index+1, err))
	case c.got < len(c.out):
		c.conn.Read(c.in[c.got:], c)
	default:
		(*client)(c).received()
	}
}

// received sends the next message if this one was sent and is back.
func (c *client) received() {
	if !c.sent || c.got < len(c.out) {
		return
	}
	if !bytes.Equal(c.in[:c.got], c.out) {
		c.load.fail(fmt.Errorf("client %d: message %d came back changed", c.index+1, c.number))
		return
	}
	c.load.messages.Add(1)
	c.send()
}
