package sim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A world is a simulated world with one proactor, in a test.
type world struct {
	*platform.Proactor
	sim    *sim.World
	t      testing.TB
	events []sim.Event
	blocks blocks
}

// open returns a world that the test is alone in.
func open(t testing.TB, c sim.Chooser, options ...sim.Option) *world {
	t.Helper()
	w := &world{t: t}
	watch := sim.WithObserver(func(e sim.Event) {
		e.Op = nil
		w.events = append(w.events, e)
	})
	w.sim = sim.New(c, append([]sim.Option{sim.Alone(), watch}, options...)...)
	w.Proactor = w.proactor(&w.blocks)
	return w
}

// proactor returns a further proactor of the world.
func (w *world) proactor(a allocator.Allocator[ops.Operation]) *platform.Proactor {
	w.t.Helper()
	p, err := platform.New(platform.WithCustomBackend(w.sim.Backend), platform.SingleRunner(), platform.WithAllocator(a))
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// run runs the world's proactor until nothing is outstanding.
func (w *world) run() {
	w.t.Helper()
	if err := w.Proactor.Run(context.Background()); err != nil {
		w.t.Fatalf("Run: %v", err)
	}
}

// await runs the world's proactor until the handlers were called.
func (w *world) await(results ...*result) {
	w.t.Helper()
	for _, r := range results {
		for r.calls == 0 {
			r.stop = w.Stop
			w.run()
			if r.calls == 0 && r.stop != nil {
				w.t.Fatal("Run has returned and the handler was not called")
			}
		}
	}
}

// finish closes the proactor, after which every block must be back.
func (w *world) finish() {
	w.t.Helper()
	w.Close()
	if w.blocks.live != 0 {
		w.t.Errorf("%d blocks are alive after Close", w.blocks.live)
	}
}

// pair returns both ends of a connection, the one that has accepted first.
func (w *world) pair(network, address string) (server, client *platform.Conn, l *platform.Listener) {
	w.t.Helper()
	l, err := w.Listen(network, address)
	if err != nil {
		w.t.Fatal(err)
	}
	server, client = new(platform.Conn), new(platform.Conn)
	for {
		accepted, connected := new(result), new(result)
		w.Connect(client, network, l.Addr().String(), connected)
		if w.await(connected); connected.err != nil {
			continue // refused, in bad weather
		}
		for {
			l.Accept(server, accepted)
			if w.await(accepted); accepted.err == nil {
				return server, client, l
			}
			*accepted = result{}
		}
	}
}

// A result is a handler that keeps what it is told.
type result struct {
	calls int
	n     int
	err   error
	stop  func()
	then  func()
}

func (r *result) Complete(n int, err error) {
	r.calls++
	r.n, r.err = n, err
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
	if r.then != nil {
		r.then()
	}
}

// want fails the test unless the handler was called once, with this.
func (r *result) want(t testing.TB, what string, n int, err error) {
	t.Helper()
	if r.calls != 1 || r.n != n || !errors.Is(r.err, err) && r.err != err {
		t.Errorf("%s: handler called %d times, with %d, %v; want once, with %d, %v", what, r.calls, r.n, r.err, n, err)
	}
}

// blocks is an allocator that counts what it has given.
type blocks struct{ live int }

func (b *blocks) Allocate(n int) ([]ops.Operation, error) {
	b.live++
	return make([]ops.Operation, n), nil
}

func (b *blocks) Deallocate(s []ops.Operation) {
	b.live--
	clear(s[:1])
}

// has reports how many events of a kind the world has seen.
func (w *world) has(what sim.What) (n int) {
	for _, e := range w.events {
		if e.What == what {
			n++
		}
	}
	return n
}

// trace returns the events as lines.
func (w *world) trace() (lines []string) {
	for _, e := range w.events {
		lines = append(lines, e.String())
	}
	return lines
}

// A rare chooser makes the plainest choice except where it is told another
// answer, by what is asked. An answer that there is not is the last one.
type rare map[string]int

func (r rare) Choose(n int, what string) int { return min(r[what], n-1) }

// recovered returns what f panics with.
func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
