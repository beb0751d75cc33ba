package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

const (
	batch         = 128              // connections that are opened at a time, which no listener's backlog is too short for
	connectWithin = 10 * time.Second // for a batch to be connected and to have one message each echoed
	drainWithin   = time.Second      // for the last answers in an open loop
	patience      = 30 * time.Second // in a closed loop, for as many answers as are enough
	warmAnswers   = 3                // of a connection before a closed loop is measured, with the one at its beginning
	enoughAnswers = 20               // of a connection, on average, that are measured in a closed loop
	polls         = 50 * time.Millisecond
	readBytes     = 256 << 10
	longest       = time.Minute // latency that the histogram tells from longer ones
	digits        = 3           // that it keeps of one
)

// A generator is a load that runs.
type generator struct {
	Config
	address unix.SockaddrInet4
	script  *script
	epoll   int
	clients []client
	servers []int // whose processor time is measured
	began   time.Time

	refill    bool          // an answer is followed by the next message
	measuring bool          // what comes back is counted
	from      time.Duration // since when
	cpu       time.Duration // of the server, then
	warm      int           // clients that have had warmAnswers

	result  Result
	latency *hdrhistogram.Histogram
	sources uint32 // addresses that were connected from

	events [512]unix.EpollEvent
	buffer [readBytes]byte
}

// Run runs a load until its duration is over. It calls connected, if that is not nil, when all
// connections are open and have had a message echoed each; the load begins when it returns. It
// calls measured with the result, and closes the connections when that returns. Run fails if the
// server closes a connection, or answers anything but what was expected.
func Run(ctx context.Context, c Config, connected func() error, measured func(Result) error) error {
	if err := c.check(); err != nil {
		return err
	}
	c.Depth = max(c.Depth, 1)
	g := &generator{Config: c, began: time.Now(), latency: hdrhistogram.New(1, int64(longest), digits)}
	defer g.close()
	if err := g.open(); err != nil {
		return err
	}
	if err := g.connect(ctx); err != nil {
		return err
	}
	if g.Server != 0 {
		g.servers = withChildren(g.Server)
	}
	if connected != nil {
		if err := connected(); err != nil {
			return err
		}
	}
	if err := g.load(ctx); err != nil {
		return err
	}
	return measured(g.result)
}

// load runs the load over connections that are open.
func (g *generator) load(ctx context.Context) (err error) {
	g.result.Total = 0
	if g.refill = g.Rate == 0; g.refill {
		err = g.closedLoop(ctx)
	} else {
		err = g.openLoop(ctx)
	}
	if err == nil && g.latency.TotalCount() == 0 {
		err = fmt.Errorf("load: no message came back within %v", g.now()-g.from)
	}
	return err
}

// open prepares everything but the connections.
func (g *generator) open() error {
	g.epoll = -1
	address, err := netip.ParseAddrPort(g.Address)
	if err != nil || !address.Addr().Is4() {
		return fmt.Errorf("load: %q is not an IPv4 address and a port", g.Address)
	}
	g.address = unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}
	if g.HTTP == "" {
		g.script = echoScript(g.Size, cmp.Or(g.Answer, g.Size), g.Depth)
	} else if g.script, err = g.firstAnswer(); err != nil {
		return err
	}
	g.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return err
}

// close closes the connections.
func (g *generator) close() {
	for i := range g.clients {
		g.clients[i].close()
	}
	if g.epoll >= 0 {
		unix.Close(g.epoll)
	}
}

// now returns the time since the load began.
func (g *generator) now() time.Duration { return time.Since(g.began) }

// connect opens the connections, and has a message echoed on each, so that the server has
// accepted them when the load begins.
func (g *generator) connect(ctx context.Context) error {
	g.clients = make([]client, g.Connections)
	for i := range g.clients {
		c := &g.clients[i]
		c.generator, c.index, c.fd = g, i, -1
		c.times.slots = make([]time.Duration, g.Depth)
	}
	for at := 0; at < len(g.clients); at += batch {
		some := g.clients[at:min(at+batch, len(g.clients))]
		for i := range some {
			if err := some[i].dial(); err != nil {
				return err
			}
			if err := some[i].send(1, g.now()); err != nil {
				return err
			}
		}
		deadline := g.now() + connectWithin
		for want := int64(at + len(some)); g.result.Total < want; {
			if g.now() > deadline {
				return fmt.Errorf("load: %d connections were opened, and %d messages echoed within %v", want, g.result.Total, connectWithin)
			}
			if _, err := g.poll(ctx, polls); err != nil {
				return err
			}
		}
	}
	return nil
}

// closedLoop keeps Depth messages under way on each connection. With many connections, or on a
// busy machine, it takes longer than it should: a figure of a few answers says little.
func (g *generator) closedLoop(ctx context.Context) error {
	start := g.now()
	for i := range g.clients {
		if err := g.clients[i].send(g.Depth, start); err != nil {
			return err
		}
	}
	enough := int64(enoughAnswers * len(g.clients))
	for {
		now, err := g.poll(ctx, polls)
		if err != nil {
			return err
		}
		if g.measuring {
			if over(now, g.from+g.Duration, g.result.Messages >= enough) {
				return g.finish()
			}
		} else if over(now, start+g.Warmup, g.warm == len(g.clients)) {
			if err := g.measure(now); err != nil {
				return err
			}
		}
	}
}

// over reports whether a phase has ended: its time is over, and there is enough, or never will be.
func over(now, end time.Duration, enough bool) bool {
	return now >= end && (enough || now >= end+patience)
}

// openLoop sends messages at a fixed rate. It does not sleep, because that ends too late. All
// that are due by the end are sent, even if that is late.
func (g *generator) openLoop(ctx context.Context) error {
	start := g.now()
	gap := float64(time.Second) / g.Rate
	sent := 0
	dueAt := func(n int) time.Duration { return start + time.Duration(float64(n)*gap) }
	for now := start; ; {
		if !g.measuring && now >= start+g.Warmup {
			if err := g.measure(now); err != nil {
				return err
			}
		}
		until := now
		if g.measuring {
			until = min(now, g.from+g.Duration)
		}
		for due := dueAt(sent); due <= until; due = dueAt(sent) {
			if err := g.clients[sent%len(g.clients)].send(1, due); err != nil {
				return err
			}
			sent++
		}
		if g.measuring && now >= g.from+g.Duration {
			if err := g.finish(); err != nil {
				return err
			}
			return g.drain(ctx, g.now()+drainWithin)
		}
		var err error
		if now, err = g.poll(ctx, 0); err != nil {
			return err
		}
	}
}

// drain waits for the answers that are missing. One that does not come in time counts with the
// time that it has taken so far, because leaving it out would flatter the server.
func (g *generator) drain(ctx context.Context, deadline time.Duration) error {
	answered := g.result.Messages
	defer func() { g.result.Messages = answered }() // the processor time is of these
	for g.result.Total < g.sent() {
		now, err := g.poll(ctx, polls)
		if err != nil {
			return err
		}
		if now >= deadline {
			break
		}
	}
	now := g.now()
	for i := range g.clients {
		for times := &g.clients[i].times; times.len() > 0; {
			g.record(now, times.pop())
		}
	}
	g.percentiles()
	return nil
}

// sent returns how many messages were sent.
func (g *generator) sent() int64 {
	n := g.result.Total
	for i := range g.clients {
		n += int64(g.clients[i].times.len())
	}
	return n
}

// poll waits for what the server sends, at most for the time given, and handles it. It returns
// the time.
func (g *generator) poll(ctx context.Context, timeout time.Duration) (time.Duration, error) {
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	n, err := unix.EpollWait(g.epoll, g.events[:], int(timeout.Milliseconds()))
	if err != nil && err != unix.EINTR {
		return 0, fmt.Errorf("load: epoll_wait: %w", err)
	}
	for i := range max(n, 0) {
		c := &g.clients[g.events[i].Fd]
		if err := c.ready(g.events[i].Events); err != nil {
			return 0, err
		}
	}
	return g.now(), nil
}

// measure starts to count.
func (g *generator) measure(now time.Duration) (err error) {
	g.measuring, g.from = true, now
	g.cpu, err = processorTime(g.servers)
	return err
}

// finish takes the times of what was counted.
func (g *generator) finish() error {
	cpu, err := processorTime(g.servers)
	g.result.ServerCPU = cpu - g.cpu
	g.percentiles()
	return err
}

func (g *generator) percentiles() {
	at := func(p float64) time.Duration { return time.Duration(g.latency.ValueAtPercentile(p)) }
	g.result.P50, g.result.P99, g.result.P999 = at(50), at(99), at(99.9)
}

// answered counts a message that was sent, or should have been, at some time.
func (g *generator) answered(now, sent time.Duration) {
	g.result.Total++
	if g.measuring {
		g.result.Messages++
		g.record(now, sent)
	}
}

func (g *generator) record(now, sent time.Duration) {
	if g.Rate == 0 || sent >= g.from {
		g.latency.RecordValue(int64(min(max(now-sent, 1), longest))) // which is within what it can hold
	}
}

// firstAnswer asks once over a connection of its own.
func (g *generator) firstAnswer() (*script, error) {
	fd, err := g.socket()
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(connectWithin / time.Second)}); err != nil {
		return nil, err
	}
	if _, err := unix.Write(fd, []byte(httpRequest(g.HTTP))); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	for got, length := 0, math.MaxInt; ; {
		n, err := unix.Read(fd, g.buffer[got:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return nil, fmt.Errorf("load: the first answer: %w", err)
		case n == 0:
			return nil, errors.New("load: the first answer is longer than expected, or cut short")
		}
		got += n
		if length, err = answerLength(g.buffer[:got]); err != nil {
			return nil, err
		}
		if length > 0 && got >= length {
			return httpScript(g.HTTP, g.buffer[:got], g.Depth)
		}
	}
}
