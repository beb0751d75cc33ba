package load

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// A client is a connection.
type client struct {
	generator *generator
	index     int // of this client
	fd        int // -1: closed

	origin      int   // where it begins in the script
	due, sent   int   // bytes to be sent by now, and sent
	received    int   // bytes
	unsent      int   // messages that are left for this connection, if it is to be closed after some
	unanswered  int   // of those
	times       times // at which the messages under way were sent
	answers     int   // up to warmAnswers, on all connections that this one has followed
	waitsToSend bool
}

// sources is from how many addresses of loopback clients connect, 127.1.0.1 and so on. A port
// that was used is not free for a minute, and one address has only 28,000.
const sources = 200

// socket returns a new connection.
func (g *generator) socket() (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("load: socket: %w", err)
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: int64(connectWithin / time.Second)}) // holds for connect
	if g.address.Addr[0] == 127 {
		from := unix.SockaddrInet4{Addr: [4]byte{127, 1, byte(g.sources % sources), 1}}
		g.sources++
		if err := unix.Bind(fd, &from); err != nil {
			unix.Close(fd)
			return -1, fmt.Errorf("load: bind: %w", err)
		}
	}
	for {
		err := unix.Connect(fd, &g.address)
		switch err {
		case nil, unix.EISCONN:
			return fd, nil
		case unix.EINTR, unix.EALREADY: // it goes on, and the next call waits for it
			continue
		}
		unix.Close(fd)
		return -1, fmt.Errorf("load: connect %s: %w", g.Address, err)
	}
}

// dial opens the connection.
func (c *client) dial() error {
	g := c.generator
	fd, err := g.socket()
	if err != nil {
		return err
	}
	c.fd = fd
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	c.origin = c.index * g.script.stride
	c.due, c.sent, c.received = 0, 0, 0
	c.unsent, c.unanswered = g.Churn, g.Churn
	c.waitsToSend = false
	c.times.clear()
	return unix.EpollCtl(g.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.index)})
}

func (c *client) close() {
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

// send sends n messages, which are timed from then on.
func (c *client) send(n int, at time.Duration) error {
	if c.generator.Churn > 0 {
		n = min(n, c.unsent)
		c.unsent -= n
	}
	for range n {
		c.times.push(at)
	}
	c.due += n * c.generator.script.message
	return c.write()
}

// write writes what is to be sent, as far as the kernel takes it.
func (c *client) write() error {
	for c.sent < c.due && c.fd >= 0 {
		n, err := unix.Write(c.fd, c.generator.script.said(c.origin+c.sent, c.due-c.sent))
		switch err {
		case nil:
			c.sent += n
		case unix.EINTR:
		case unix.EAGAIN:
			return c.waitToSend(true)
		case unix.EPIPE, unix.ECONNRESET:
			return c.closedByServer()
		default:
			return fmt.Errorf("load: write: %w", err)
		}
	}
	return c.waitToSend(false)
}

// waitToSend says whether ready is to be called when the kernel takes more.
func (c *client) waitToSend(wait bool) error {
	if wait == c.waitsToSend {
		return nil
	}
	c.waitsToSend = wait
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.index)}
	if wait {
		e.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(c.generator.epoll, unix.EPOLL_CTL_MOD, c.fd, &e)
}

// ready is called with what epoll says of the connection.
func (c *client) ready(events uint32) error {
	if events&unix.EPOLLOUT != 0 {
		if err := c.write(); err != nil {
			return err
		}
	}
	if events&^uint32(unix.EPOLLOUT) == 0 {
		return nil
	}
	n, err := unix.Read(c.fd, c.generator.buffer[:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return nil
	case n == 0 || err == unix.ECONNRESET:
		return c.closedByServer()
	case err != nil:
		return fmt.Errorf("load: read: %w", err)
	}
	return c.receive(c.generator.buffer[:n])
}

func (c *client) closedByServer() error {
	return fmt.Errorf("load: the server has closed a connection with %d messages under way", c.times.len())
}

// receive checks what has come and sends what follows.
func (c *client) receive(b []byte) error {
	g := c.generator
	if err := g.script.expect(c.origin, c.received, b); err != nil {
		return err
	}
	before := c.received / g.script.answer
	c.received += len(b)
	answers := c.received/g.script.answer - before
	if answers > c.times.len() || answers == c.times.len() && c.received%g.script.answer != 0 {
		return fmt.Errorf("load: the server has sent more than it was asked for")
	}
	now := g.now()
	for range answers {
		g.answered(now, c.times.pop())
	}
	if c.answers < warmAnswers {
		if c.answers += answers; c.answers >= warmAnswers {
			g.warm++
		}
	}
	if g.Churn > 0 {
		if c.unanswered -= answers; c.unanswered == 0 {
			return c.renew()
		}
	}
	if g.refill && answers > 0 {
		return c.send(answers, now)
	}
	return nil
}

// renew opens another connection in place of this one.
func (c *client) renew() error {
	c.close()
	if c.generator.measuring {
		c.generator.result.Connections++
	}
	if err := c.dial(); err != nil {
		return err
	}
	return c.send(c.generator.Depth, c.generator.now())
}
