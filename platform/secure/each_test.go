package secure_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// patience is how long a test waits for what should come at once, before it fails and
// says what it waited for.
const patience = 30 * time.Second

// A world is a proactor in a test.
type world struct {
	*platform.Proactor
	t       *testing.T
	runners int // 0 for one that was promised to be alone
}

// each runs a test on every backend, with a single runner and with several.
func each(t *testing.T, test func(*testing.T, *world)) {
	for _, b := range platform.Backends() {
		t.Run(b+"/single", func(t *testing.T) {
			test(t, open(t, 0, platform.WithBackend(b), platform.SingleRunner()))
		})
		t.Run(b+"/3-runners", func(t *testing.T) { test(t, open(t, 3, platform.WithBackend(b))) })
	}
}

// alsoSimulated runs a test on every backend and on a simulated network, in good weather
// and in bad.
func alsoSimulated(t *testing.T, test func(*testing.T, *world)) {
	each(t, test)
	t.Run("sim/calm", func(t *testing.T) { test(t, simulated(t, sim.Calm, sim.Weather{})) })
	for seed := range uint64(3) {
		t.Run(fmt.Sprintf("sim/storm-%d", seed), func(t *testing.T) {
			test(t, simulated(t, sim.Seeded(seed), storm()))
		})
	}
}

// storm is all the bad weather that no stream dies of.
func storm() sim.Weather {
	w := sim.Stormy()
	w.Reset, w.NoBuffers, w.NoDescriptors, w.Refuse = 0, 0, 0, 0
	return w
}

func simulated(t *testing.T, chooser sim.Chooser, weather sim.Weather) *world {
	s := sim.New(chooser, sim.WithWeather(weather), sim.WithPatience(patience))
	return open(t, 0, platform.WithCustomBackend(s.Backend), platform.SingleRunner())
}

func open(t *testing.T, runners int, options ...platform.Option) *world {
	t.Helper()
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{p, t, runners}
	t.Cleanup(func() { w.Close() })
	return w
}

// stacks returns where all goroutines are.
func stacks() string {
	var all strings.Builder
	pprof.Lookup("goroutine").WriteTo(&all, 1)
	return all.String()
}

// run has the world's runners run the proactor until one returns, which must be without
// error.
func (w *world) run() {
	w.t.Helper()
	if err := w.runErr(); err != nil {
		w.t.Fatalf("Run: %v", err)
	}
}

func (w *world) runErr() error {
	w.t.Helper()
	late, cancelLate := context.WithTimeout(context.Background(), patience)
	defer cancelLate()
	ctx, cancel := context.WithCancel(late)
	defer cancel()
	errs := make([]error, max(1, w.runners))
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			defer cancel()
			if errs[i] = w.Run(ctx); errs[i] == context.Canceled {
				errs[i] = nil
			}
		})
	}
	all.Wait()
	if late.Err() != nil {
		w.t.Fatalf("Run has not returned for %v\n%s", patience, stacks())
	}
	return errors.Join(errs...)
}

// await runs the proactor until the handlers were called.
func (w *world) await(results ...*result) {
	w.t.Helper()
	for _, r := range results {
		for r.calls == 0 {
			r.stop = w.Stop
			w.run()
		}
	}
}

// do runs f as a coroutine, to its end, and fails the test with its error.
func (w *world) do(f func(co *platform.Co) error) {
	w.t.Helper()
	r := w.spawn(f)
	w.await(r)
	if r.err != nil {
		w.t.Fatal(r.err)
	}
}

// until runs the proactor until something is so.
func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	end := time.Now().Add(patience)
	w.do(func(co *platform.Co) error {
		for !so() {
			if time.Now().After(end) {
				return fmt.Errorf("for %v it is not so that %s", patience, what)
			}
			if err := co.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
}

// spawn runs f as a coroutine.
func (w *world) spawn(f func(co *platform.Co) error) *result {
	r := new(result)
	w.Spawn(r, f)
	return r
}

// A result is a handler that keeps what it is told.
type result struct {
	calls int
	n     int
	err   error
	stop  func()
}

func (r *result) Complete(n int, err error) {
	r.calls++
	r.n, r.err = n, err
	if r.stop != nil {
		r.stop()
	}
}

// later checks that the handler was not called yet.
func (r *result) later(t *testing.T) {
	t.Helper()
	if r.calls != 0 {
		t.Fatalf("the handler was called too early, with (%d, %v)", r.n, r.err)
	}
}

// want checks that the handler was told once, of n and err.
func (r *result) want(t *testing.T, n int, err error) {
	t.Helper()
	if r.calls != 1 || r.n != n || !errors.Is(r.err, err) {
		t.Fatalf("the handler was called %d times, last with (%d, %v); want once with (%d, %v)", r.calls, r.n, r.err, n, err)
	}
}

// pair returns two ends of a TCP connection, both of the proactor.
func (w *world) pair() (a, b *platform.Conn) {
	w.t.Helper()
	a, b = new(platform.Conn), new(platform.Conn)
	l, err := w.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	var accepted, connected result
	l.Accept(a, &accepted)
	w.Connect(b, "tcp", l.Addr().String(), &connected)
	w.await(&accepted, &connected)
	accepted.want(w.t, 0, nil)
	connected.want(w.t, 0, nil)
	return a, b
}

// peer returns a connection whose other end is one of package net.
func (w *world) peer() (*platform.Conn, *net.TCPConn) {
	w.t.Helper()
	l, err := w.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	other.SetDeadline(time.Now().Add(patience))
	w.t.Cleanup(func() { other.Close() })
	c := new(platform.Conn)
	var accepted result
	l.Accept(c, &accepted)
	w.await(&accepted)
	accepted.want(w.t, 0, nil)
	return c, other.(*net.TCPConn)
}

// memory has allocators for a chain, which know what was not given back.
type memory struct {
	ops   *combinators.Stats[ops.Operation]
	bytes *combinators.Stats[byte]
	cos   *combinators.Stats[ops.Co]
}

func newMemory() *memory {
	return &memory{
		combinators.NewStats[ops.Operation](combinators.NewThreadSafe[ops.Operation](allocator.Heap[ops.Operation]{})),
		combinators.NewStats[byte](combinators.NewThreadSafe[byte](allocator.Heap[byte]{})),
		combinators.NewStats[ops.Co](combinators.NewThreadSafe[ops.Co](allocator.Heap[ops.Co]{})),
	}
}

// with returns h with the memory associated, or as it is if there is none.
func (m *memory) with(h ops.Handler) ops.Handler {
	if m == nil {
		return h
	}
	h = ops.WithAllocator[ops.Operation](h, m.ops)
	h = ops.WithAllocator[ops.Co](h, m.cos)
	return ops.WithAllocator[byte](h, m.bytes)
}

// check fails the test unless all was given back.
func (m *memory) check(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		what string
		live int64
	}{{"operations", m.ops.Counts().Live}, {"bytes", m.bytes.Counts().Live}, {"coroutines", m.cos.Counts().Live}} {
		if c.live != 0 {
			t.Errorf("%d blocks of %s were not given back", c.live, c.what)
		}
	}
}

// mustPanic checks that f panics with a text that has want in it.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one that says %q", got, want)
		}
	}()
	f()
}
