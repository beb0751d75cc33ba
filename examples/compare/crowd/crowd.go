// Package crowd is many clients of an echo server, most of which say nothing. They are in a
// process of their own, because a process has a limited number of descriptors.
package crowd

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Config says what a crowd does.
type Config struct {
	Address     string
	Connections int
	Speaking    float64       // messages a second for each connection, on average
	Duration    time.Duration // for which they speak
}

// A Result is what was measured.
type Result struct {
	Latencies []time.Duration // of all messages, from the time at which they should have been sent
}

const (
	message      = 64 // bytes
	answerWithin = 30 * time.Second
	together     = 32 // connections that are opened at a time
)

// Run opens the connections, calls connected, has them speak, and calls measured before it closes
// them. It fails if a message is not answered.
func Run(ctx context.Context, c Config, connected func() error, measured func(Result) error) error {
	if c.Connections < 1 || c.Speaking <= 0 {
		return fmt.Errorf("crowd: %d connections that say something %v times a second", c.Connections, c.Speaking)
	}
	conns, err := Connect(c.Connections, func(i int) (net.Conn, error) { return Dial(ctx, c.Address, i) })
	if err != nil {
		return err
	}
	defer Close(conns)
	if err := connected(); err != nil {
		return err
	}
	r, err := speak(conns, c)
	if err != nil {
		return err
	}
	return measured(r)
}

// sources is from how many addresses a crowd connects over loopback. Where most ports between two
// addresses are in use, the kernel looks for a free one for longer than all else takes.
const sources = 16

// Dial opens connection i to an address.
func Dial(ctx context.Context, address string, i int) (net.Conn, error) {
	d := net.Dialer{Timeout: answerWithin, Control: bindAddressOnly}
	if to, err := netip.ParseAddrPort(address); err == nil && to.Addr().Is4() && to.Addr().IsLoopback() && runtime.GOOS == "linux" {
		d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 3, byte(i%sources), 1)}
	}
	c, err := d.DialContext(ctx, "tcp", address)
	if err == nil {
		c.(*net.TCPConn).SetLinger(0) // its end needs no port for a minute more
	}
	return c, err
}

// Connect opens n connections, several at a time. Each is dialled with its number.
func Connect(n int, dial func(i int) (net.Conn, error)) ([]net.Conn, error) {
	conns := make([]net.Conn, n)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var dialing sync.WaitGroup
	for range min(n, together) {
		dialing.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				conn, err := dial(i)
				if err != nil {
					failed.Store(&err)
					return
				}
				conns[i] = conn
			}
		})
	}
	dialing.Wait()
	if err := failed.Load(); err != nil {
		Close(conns)
		return nil, *err
	}
	return conns, nil
}

// Close closes connections, those that were never opened among them.
func Close(conns []net.Conn) {
	for _, c := range conns {
		if c != nil {
			c.Close()
		}
	}
}

// A client is one of the crowd.
type client struct {
	sync.Mutex // held while it speaks; a message that is due meanwhile waits
	conn       net.Conn
}

// An answer is what has become of a message.
type answer struct {
	latency time.Duration
	err     error
}

// speak has the connections speak at a fixed rate, in a random order.
func speak(conns []net.Conn, c Config) (Result, error) {
	clients := make([]client, len(conns))
	for i, k := range rand.Perm(len(conns)) {
		clients[i].conn = conns[k]
	}
	every := time.Duration(float64(time.Second) / (c.Speaking * float64(len(conns))))
	n := max(1, int(c.Duration/every))
	answers := make(chan answer, n)
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		go func() { answers <- clients[i%len(clients)].exchange(due) }()
	}
	r := Result{Latencies: make([]time.Duration, n)}
	for i := range n {
		a := <-answers
		if a.err != nil {
			return Result{}, a.err
		}
		r.Latencies[i] = a.latency
	}
	return r, nil
}

// exchange sends a message that was due at a time, and waits for its echo.
func (c *client) exchange(due time.Time) answer {
	c.Lock()
	defer c.Unlock()
	err := Exchange(c.conn)
	return answer{time.Since(due), err}
}

// Exchange sends a message and waits for its echo.
func Exchange(c net.Conn) error {
	var buf [message]byte
	if err := c.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return err
	}
	if _, err := c.Write(buf[:]); err != nil {
		return err
	}
	_, err := io.ReadFull(c, buf[:])
	return err
}
