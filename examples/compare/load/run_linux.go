package load

import (
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
	patience      = 10 * time.Second // for the first answer in a closed loop
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
	began   time.Time

	refill    bool          // an answer is followed by the next message
	measuring bool          // what comes back is counted
	from      time.Duration // since when
	clocks    clocks        // then

	result  Result
	latency *hdrhistogram.Histogram
	sources uint32 // addresses that were connected from

	events [512]unix.EpollEvent
	buffer [readBytes]byte
}

// Run runs a load until its duration is over, and returns what it measured. It calls connected,
// if that is not nil, when all connections are open and have had a message echoed each; the load
// begins when it returns. Run fails if the server closes a connection, or answers anything but
// what was expected.
func Run(ctx context.Context, c Config, connected func() error) (Result, error) {
	if err := c.check(); err != nil {
		return Result{}, err
	}
	c.Depth = max(c.Depth, 1)
	g := &generator{Config: c, began: time.Now(), latency: hdrhistogram.New(1, int64(longest), digits)}
	err := g.open()
	defer g.close()
	if err == nil {
		err = g.connect(ctx)
	}
	if err == nil && connected != nil {
		err = connected()
	}
	if err == nil {
		g.result.Total = 0
		if g.refill = c.Rate == 0; g.refill {
			err = g.closedLoop(ctx)
		} else {
			err = g.openLoop(ctx)
		}
	}
	if err == nil && g.latency.TotalCount() == 0 {
		err = fmt.Errorf("load: no message came back within %v", g.result.Elapsed)
	}
	return g.result, err
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
		g.script = echoScript(g.Size, g.Depth)
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

// closedLoop keeps Depth messages under way on each connection. On a busy machine it goes on
// until a message has come back.
func (g *generator) closedLoop(ctx context.Context) error {
	start := g.now()
	for i := range g.clients {
		if err := g.clients[i].send(g.Depth, start); err != nil {
			return err
		}
	}
	for {
		now, err := g.poll(ctx, polls)
		switch {
		case err != nil:
			return err
		case !g.measuring && now >= start+g.Warmup:
			g.measure(now)
		case g.measuring && now >= g.from+g.Duration && (g.result.Messages > 0 || now >= g.from+g.Duration+patience):
			g.finish(now)
			return nil
		}
	}
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
			g.measure(now)
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
			g.finish(now)
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
func (g *generator) measure(now time.Duration) {
	g.measuring, g.from = true, now
	g.clocks = readClocks(g.Server)
}

// finish takes the times of what was counted.
func (g *generator) finish(now time.Duration) {
	c := readClocks(g.Server)
	g.result.Elapsed = now - g.from
	g.result.ServerCPU = c.server - g.clocks.server
	g.result.ClientCPU = c.client - g.clocks.client
	g.percentiles()
}

func (g *generator) percentiles() {
	at := func(p float64) time.Duration { return time.Duration(g.latency.ValueAtPercentile(p)) }
	g.result.P50, g.result.P99, g.result.P999 = at(50), at(99), at(99.9)
	g.result.Max = time.Duration(g.latency.Max())
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

// clocks are the processor times of both sides.
type clocks struct{ server, client time.Duration }

func readClocks(server int) clocks {
	c := clocks{client: clock(unix.CLOCK_PROCESS_CPUTIME_ID)}
	if server != 0 {
		c.server = clock(processClock(server))
	}
	return c
}

// processClock returns the clock of a process's processor time, as clock_getcpuclockid does.
func processClock(pid int) int32 { return int32(^pid)<<3 | 2 }

// clock returns the time of a clock, 0 if there is none.
func clock(id int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
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
