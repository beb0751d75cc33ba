package main

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// A client connects, talks for some messages, ends the connection in one way
// or another, and begins again.
type client struct {
	side
	timer platform.Timer
	waits chain

	phase phase
	hello hello
	key   int // where in the noise its stream starts
	left  int // messages
	sent  int // bytes of the stream that were written
	got   int // and that came back
	want  int // where the message under way ends
	fails int // connects in a row
}

type phase uint8

const (
	resting    phase = iota // nothing is outstanding but perhaps a wait
	connecting              // until the handler of Connect
	greeting                // until the hello is sent
	talking                 // until a message is back
	pausing                 // until the next one
	lingering               // until it leaves without a word
	finishing               // until the end of the server's stream
	leaving                 // the socket is closed; until all handlers were called
	retired                 // it does not begin again
)

func (c *client) init(t *trial) {
	c.side.init(t)
	c.reads.then, c.writes.then = c.onRead, c.onWrite
	c.chain(&c.waits, t.source(), c.onWait)
	c.timer.Init(t.proactor)
}

// pause lets the client go on later.
func (c *client) pause(d time.Duration, next phase) {
	c.phase = next
	c.waits.start(func() { c.timer.Wait(d, &c.waits) })
}

// connect begins a connection.
func (c *client) connect() {
	t := c.trial
	if t.draining.Load() {
		c.phase = retired
		t.retire()
		return
	}
	c.hello = hello{end: endings[c.rng.IntN(len(endings))]}
	c.left = 1 + c.rng.IntN(16)
	c.key = c.rng.IntN(noisePeriod)
	c.sent, c.got, c.want = 0, 0, 0
	address := t.addresses[c.rng.IntN(len(t.addresses))]
	switch c.hello.end {
	case peerHalfClosed, peerDropped:
		c.hello.after = 1 + c.rng.IntN(1000)
	case peerReset:
		c.hello.after, c.left = 1, 1 // of a message that fits no buffer
	case slammed:
		address = t.slamming
	case refused:
		address = nobody
	case hasty:
		if c.rng.IntN(2) == 0 {
			c.writes.timeout = time.Duration(c.rng.IntN(200)) * time.Microsecond
		}
	}
	c.phase = connecting
	c.writes.start(func() { t.proactor.Connect(&c.conn, "tcp", address, &c.writes) })
	if c.writes.served { // otherwise the socket may never have been used
		c.opened.Store(true)
	}
	if c.hello.end == hasty && c.rng.IntN(2) == 0 {
		c.cancel(&c.writes)
	}
}

// onConnected is called when the connection is there or is not.
func (c *client) onConnected(err error) {
	end := c.hello.end
	switch {
	case err == nil:
		c.fails = 0
		c.trial.connections.Add(1)
		c.open()
		c.hello.put(&c.line)
		if end == silent || end == slammed || end == refused {
			c.trial.count(drops)
			c.pause(time.Duration(c.rng.IntN(200))*time.Millisecond, lingering)
			return
		}
		c.phase = greeting
		c.write(c.line[:])
	case c.again(err):
		c.connect()
	case end == refused:
		c.trial.count(refusals)
		c.connect()
	default: // out of ports or of places in a backlog, for now
		if c.fails++; c.fails%100 == 0 {
			c.trial.violated("a client cannot connect: %v", err)
		}
		c.pause(20*time.Millisecond, resting)
	}
}

// send sends the next message, if there is one.
func (c *client) send() {
	if c.left == 0 || c.trial.draining.Load() {
		c.end()
		return
	}
	c.left--
	size := 1 + c.rng.IntN(512)
	if c.rng.IntN(32) == 0 || c.left == 0 && !c.hello.end.clean() {
		size = 4*maxBuffer + c.rng.IntN(maxMessage-4*maxBuffer)
	}
	c.phase = talking
	c.want += size
	c.writeOn()
	if c.left == 0 {
		switch c.hello.end {
		case dropped:
			c.trial.count(drops)
			c.leave()
		case reset:
			c.trial.count(resets)
			c.pause(time.Duration(c.rng.IntN(20))*time.Millisecond, lingering)
		}
	}
}

func (c *client) writeOn() { c.write(c.noise(c.sent, min(c.want-c.sent, maxMessage))) }

// noise returns n bytes of the client's stream.
func (c *client) noise(at, n int) []byte {
	from := (c.key + at) % noisePeriod
	return noise[from : from+n]
}

func (c *client) onWrite(n int, err error) {
	if c.phase == leaving {
		c.settle()
		return
	}
	switch c.phase {
	case connecting:
		c.onConnected(err)
		return
	case greeting:
		c.helloed += n
	default:
		c.sent += n
	}
	switch {
	case err != nil && !c.again(err):
		c.broken("write", err)
	case c.phase == greeting && c.helloed < helloSize:
		c.write(c.line[c.helloed:])
	case c.phase == greeting:
		c.read(c.buf)
		c.send()
	case c.sent < c.want:
		c.writeOn()
	default:
		c.back()
	}
}

func (c *client) onRead(n int, err error) {
	if c.phase == leaving {
		c.settle()
		return
	}
	if n > 0 && (c.got+n > c.want || !bytes.Equal(c.buf[:n], c.noise(c.got, n))) {
		c.trial.violated("what came back is not what was sent")
	}
	c.got += n
	switch {
	case errors.Is(err, io.EOF) && c.phase == finishing:
		if c.got != c.sent && c.hello.end == halfClosed {
			c.trial.violated("the stream ended after %d bytes of %d", c.got, c.sent)
		}
		c.leave()
	case errors.Is(err, io.EOF) && c.hello.end == peerHalfClosed:
		if c.got < c.hello.after {
			c.trial.violated("the server ended its stream after %d bytes, too early", c.got)
		}
		c.leave()
	case err != nil && !c.again(err):
		c.broken("read", err)
	case c.phase == lingering: // what comes now is not read
	default:
		c.read(c.buf)
		c.back()
	}
}

// back goes on if a whole message was sent and is back.
func (c *client) back() {
	if c.phase != talking || c.sent < c.want || c.got < c.want {
		return
	}
	c.trial.messages.Add(1)
	if c.rng.IntN(8) == 0 {
		c.pause(time.Duration(c.rng.IntN(50))*time.Millisecond, pausing)
		return
	}
	c.send()
}

func (c *client) onWait(_ int, err error) {
	if c.phase == leaving {
		c.settle()
		return
	}
	if err != nil {
		c.again(err)
	}
	switch c.phase {
	case resting:
		c.connect()
	case pausing:
		c.send()
	case lingering:
		c.leave()
	}
}

// end ends the conversation.
func (c *client) end() {
	if c.hello.end == closed {
		c.leave()
		return
	}
	c.phase = finishing
	c.trial.count(halfCloses)
	if err := c.conn.CloseWrite(); err != nil && c.hello.end.clean() {
		c.trial.violated("closing for writing: %v", err)
	}
}

// broken is called with an error that ends the connection.
func (c *client) broken(what string, err error) {
	if c.hello.end.clean() {
		c.trial.violated("%s of an undisturbed client: %v", what, err)
	}
	c.leave()
}

// leave closes the connection, whatever is outstanding.
func (c *client) leave() {
	c.phase = leaving
	c.conn.Close()
	c.timer.Cancel()
	c.settle()
}

// settle begins again when all handlers were called.
func (c *client) settle() {
	if !c.busy() && !c.waits.waiting.Load() {
		c.release()
		c.connect()
	}
}

func (c *client) ended() {
	c.side.ended()
	c.waits.ended()
}
