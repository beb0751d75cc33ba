package sim_test

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A traffic is connections that each carry a flow of bytes from a client to a
// server while they are cancelled now and then. The bytes follow from the
// number of the flow and their position.
type traffic struct {
	t                testing.TB
	servers, clients *platform.Proactor
	listener         *platform.Listener
	address          string // of the listener, which is the servers' alone
	size             int    // of a flow

	out  []*sender
	in   []*receiver
	left int // to be accepted
}

// An end of a flow is a chain of operations.
type end struct {
	*traffic
	conn   platform.Conn
	buf    []byte
	at     int            // bytes so far
	slot   ops.CancelSlot // of its operations
	h      ops.Handler    // of them, with a timeout and the slot
	over   atomic.Bool
	broken bool // by the network
}

type (
	sender struct {
		end
		id byte
	}
	receiver struct {
		end
		from *sender
	}
)

// early reports whether an operation was cancelled or has taken too long.
func early(err error) bool { return err == ops.ErrCanceled || err == os.ErrDeadlineExceeded }

func octet(id byte, at int) byte {
	if at == 0 {
		return id
	}
	return id ^ byte(at*7+at>>8)
}

// newTraffic starts flows from one proactor to another, which may be the same.
func newTraffic(t testing.TB, servers, clients *platform.Proactor, flows, size int) *traffic {
	l, err := servers.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x := &traffic{t: t, servers: servers, clients: clients, listener: l, address: l.Addr().String(), size: size, left: flows}
	for i := range flows {
		s := &sender{end: end{traffic: x, buf: make([]byte, 70)}, id: byte(i)}
		s.annoyed(s)
		x.out = append(x.out, s)
		s.connect()
		s.annoy(clients.NewTimer(), 3)
	}
	x.accept()
	return x
}

// accept accepts the flows, however often it takes.
func (x *traffic) accept() {
	r := &receiver{end: end{traffic: x, buf: make([]byte, 100)}}
	r.annoyed(r)
	x.listener.Accept(&r.conn, ops.HandlerFunc(func(_ int, err error) {
		if err == nil {
			x.in = append(x.in, r)
			r.Complete(0, nil)
			r.annoy(x.servers.NewTimer(), 3)
			if x.left--; x.left == 0 {
				x.listener.Close()
				return
			}
		} else if !errors.Is(err, syscall.EMFILE) {
			x.t.Errorf("accept: %v", err)
			return
		}
		x.accept()
	}))
}

func (s *sender) connect() {
	s.clients.Connect(&s.conn, "tcp", s.address, ops.HandlerFunc(func(_ int, err error) {
		switch {
		case err == nil:
			s.Complete(0, nil)
		case err == ops.ErrCanceled, errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOBUFS):
			s.connect()
		default:
			s.t.Errorf("connect: %v", err)
		}
	}))
}

// annoyed makes the handler of a chain whose operations may end early.
func (e *end) annoyed(h ops.Handler) {
	e.h = ops.WithCancelSlot(ops.WithTimeout(h, 400*time.Microsecond), &e.slot)
}

// annoy cancels what is outstanding, some times.
func (e *end) annoy(timer *platform.Timer, times int) {
	if times == 0 || e.over.Load() {
		return
	}
	timer.Wait(100*time.Microsecond, ops.HandlerFunc(func(int, error) {
		if times%2 == 0 {
			e.conn.Cancel()
		} else {
			e.slot.Cancel()
		}
		e.annoy(timer, times-1)
	}))
}

// stop ends a chain, with err if that is why.
func (e *end) stop(err error) {
	e.over.Store(true)
	if err != nil {
		e.broken = true
		e.conn.Close()
	}
}

func (s *sender) Complete(n int, err error) {
	for i := range n {
		if s.buf[i] != octet(s.id, s.at+i) {
			s.t.Errorf("flow %d: the buffer of a write was changed", s.id)
		}
	}
	s.at += n
	switch {
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		s.stop(err)
		return
	case err != nil && !early(err) && !errors.Is(err, syscall.ENOBUFS):
		s.t.Errorf("flow %d: write: %v", s.id, err)
	}
	if n = min(len(s.buf), s.size-s.at); n == 0 {
		s.conn.CloseWrite()
		s.stop(nil)
		return
	}
	for i := range n {
		s.buf[i] = octet(s.id, s.at+i)
	}
	ops.WriteFull(&s.conn, s.buf[:n], s.h)
}

func (r *receiver) Complete(n int, err error) {
	if n > 0 && r.from == nil {
		r.from = r.out[r.buf[0]]
	}
	for i := range n {
		if want := octet(r.from.id, r.at+i); r.buf[i] != want {
			r.t.Errorf("flow %d: byte %d is %#x, want %#x", r.from.id, r.at+i, r.buf[i], want)
		}
	}
	r.at += n
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		r.stop(err)
		return
	case err == io.EOF:
		r.stop(nil)
		return
	case err != nil && !early(err):
		r.t.Errorf("read: %v", err)
	}
	r.conn.Read(r.buf, r.h)
}

// judge looks at how the flows have ended, and closes their connections.
func (x *traffic) judge() (whole int) {
	x.t.Helper()
	for _, s := range x.out {
		if !s.over.Load() {
			x.t.Errorf("flow %d: the sender has sent %d bytes and not ended", s.id, s.at)
		}
	}
	for _, r := range x.in {
		switch s := r.from; {
		case !r.over.Load():
			x.t.Errorf("a receiver has received %d bytes and not ended", r.at)
		case s == nil && !r.broken: // it was reset, and its sender was told
		case s != nil && r.at == s.at:
			whole++
		case s != nil && !r.broken && !s.broken:
			x.t.Errorf("flow %d: %d bytes were sent and %d received", s.id, s.at, r.at)
		}
	}
	return whole
}

func TestStorm(t *testing.T) {
	const flows = 6
	whole, seen := 0, map[sim.What]bool{}
	for seed := range uint64(300) {
		w := open(t, sim.Seeded(seed), sim.WithWeather(sim.Stormy()))
		x := newTraffic(t, w.Proactor, w.Proactor, flows, 2000)
		w.run()
		whole += x.judge()
		w.finish()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		for _, e := range w.events {
			seen[e.What] = true
		}
	}
	for what := sim.Opened; what < sim.Lost; what++ {
		if !seen[what] && what != sim.Hit {
			t.Errorf("in no storm an event is %q", what)
		}
	}
	if seen[sim.Hit] {
		t.Error("a stale completion has hit")
	}
	if whole < 300*flows/3 {
		t.Errorf("only %d of %d flows have arrived", whole, 300*flows)
	}
}

// A proactor that is closed in the midst of a storm has every block back.
func TestStormClosed(t *testing.T) {
	for seed := range uint64(300) {
		w := open(t, sim.Seeded(seed), sim.WithWeather(sim.Stormy()))
		newTraffic(t, w.Proactor, w.Proactor, 4, 2000)
		w.NewTimer().Wait(time.Duration(seed*17)*time.Microsecond, ops.HandlerFunc(func(int, error) { w.Close() }))
		w.Run(context.Background())
		w.finish()
		if left := w.sim.Outstanding(); len(left) > 0 {
			t.Errorf("after Close the world still has %v", left)
		}
	}
}

// recording keeps the answers of another chooser, and replaying gives them.
type recording struct {
	sim.Chooser
	answers []int
}

func (r *recording) Choose(n int, what string) int {
	answer := r.Chooser.Choose(n, what)
	r.answers = append(r.answers, answer)
	return answer
}

type replaying []int

func (r *replaying) Choose(int, string) int {
	answer := (*r)[0]
	*r = (*r)[1:]
	return answer
}

// The same answers give the same run.
func TestReplay(t *testing.T) {
	run := func(c sim.Chooser) []string {
		w := open(t, c, sim.WithWeather(sim.Stormy()))
		newTraffic(t, w.Proactor, w.Proactor, 3, 500)
		w.run()
		w.finish()
		return w.trace()
	}
	for seed := range uint64(30) {
		r := &recording{Chooser: sim.Seeded(seed)}
		want := run(r)
		if diff := cmp.Diff(want, run(sim.Seeded(seed))); diff != "" {
			t.Fatalf("seed %d again gives another run (-first +second):\n%s", seed, diff)
		}
		answers := replaying(r.answers)
		if diff := cmp.Diff(want, run(&answers)); diff != "" || len(answers) > 0 {
			t.Fatalf("the recorded answers give another run (-first +second), and leave %d:\n%s", len(answers), diff)
		}
	}
}

func TestStormOfTwo(t *testing.T) {
	for seed := range uint64(50) {
		w := open(t, sim.Seeded(seed), sim.WithWeather(sim.Stormy()))
		p := w.proactor(nil)
		x := newTraffic(t, w.Proactor, p, 4, 2000)
		if err := w.sim.Run(w.Proactor, p); err != nil {
			t.Fatal(err)
		}
		x.judge()
		p.Close()
		w.finish()
	}
}

// With several goroutines, and with several proactors, the same holds although
// the run is not repeatable.
func TestStormOfGoroutines(t *testing.T) {
	for seed := range uint64(20) {
		w := sim.New(sim.Seeded(seed), sim.WithWeather(sim.Stormy()), sim.WithPatience(30*time.Second))
		var both [2]*platform.Proactor
		for i := range both {
			p, err := platform.New(platform.WithCustomBackend(w.Backend))
			if err != nil {
				t.Fatal(err)
			}
			both[i] = p
		}
		x := newTraffic(t, both[0], both[1], 4, 1000)
		var all sync.WaitGroup
		for _, p := range both {
			for range 2 {
				all.Go(func() {
					if err := p.Run(context.Background()); err != nil {
						t.Errorf("Run: %v", err)
					}
				})
			}
		}
		all.Wait()
		x.judge()
		both[0].Close()
		both[1].Close()
		if left := w.Outstanding(); len(left) > 0 {
			t.Errorf("after Close the world still has %v", left)
		}
	}
}
