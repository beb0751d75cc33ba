package sim_test

import (
	"context"
	"errors"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A guest is a session that reads until its client has left.
type guest struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [8]byte
	done func(*guest)
}

func (g *guest) Allocator() allocator.Allocator[ops.Operation] { return &g.slot }

func (g *guest) Complete(_ int, err error) {
	if err != nil {
		g.done(g)
		return
	}
	g.conn.Read(g.buf[:], g)
}

func guests() *platform.Acceptor[guest] {
	a := &platform.Acceptor[guest]{Conn: func(g *guest) *platform.Conn { return &g.conn }}
	a.Serve = func(g *guest) {
		g.done = a.Done
		g.conn.Read(g.buf[:], g)
	}
	return a
}

// TestAcceptor has more clients than may live at a time. Each stays for a minute, the
// last ones for ever, until they are closed an hour after the server has begun to
// drain. The same choices give the same run.
func TestAcceptor(t *testing.T) {
	const clients, most, stay = 7, 2, 1
	run := func(seed uint64) []string {
		w := open(t, sim.Seeded(seed), sim.WithWeather(sim.Weather{Delay: 2, Lag: 3, SlowCancel: 2}))
		var other blocks
		p := w.proactor(&other)
		a := guests()
		a.Max = most
		live := 0
		serve := a.Serve
		a.Serve = func(g *guest) {
			live = max(live, a.Live())
			serve(g)
		}
		sessions := combinators.NewStats(allocator.Heap[guest]{})
		l, err := w.Listen("tcp", "10.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		var over result
		var at time.Duration
		over.then = func() { at = w.sim.Now() }
		a.Start(l, ops.WithAllocator[guest](&over, sessions))

		var conns [clients]platform.Conn
		timer, left := p.NewTimer(), 0
		for i := range conns {
			p.Connect(&conns[i], "tcp", "10.0.0.1:80", ops.HandlerFunc(func(_ int, err error) {
				if err != nil {
					t.Errorf("client %d: %v", i, err)
				}
				leaves := &result{then: func() { conns[i].Close(); left++ }}
				if i < stay {
					conns[i].Read(make([]byte, 1), leaves)
				} else {
					timer.Wait(time.Minute, leaves)
				}
			}))
		}
		w.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) {
			a.Drain()
			w.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) { a.Close() }))
		}))
		if err := w.sim.Run(w.Proactor, p); err != nil {
			t.Fatalf("Run: %v", err)
		}
		over.want(t, "the acceptor", 0, nil)
		if c := sessions.Counts(); live != most || c.Live != 0 || c.Peak > most || left != clients {
			t.Errorf("%d sessions at a time, and of %d clients %d have left; sessions: %v", live, clients, left, c)
		}
		if at.Truncate(time.Minute) != 2*time.Hour {
			t.Errorf("it has ended after %v, want two hours", at)
		}
		var events []string
		for _, e := range w.events {
			events = append(events, e.String())
		}
		return events
	}
	for seed := range uint64(20) {
		if diff := cmp.Diff(run(seed), run(seed)); diff != "" {
			t.Fatalf("two runs of seed %d differ:\n%s", seed, diff)
		}
	}
}

// refusing is a layer that has no descriptor for accepts.
type refusing struct {
	backend.Backend
	refused int
}

func (l *refusing) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindAccept {
		l.refused++
		op.Err = syscall.EMFILE
		return true
	}
	return l.Backend.Start(s, op)
}

// TestAcceptorBacksOff has every accept fail for ten minutes. After the first seconds
// there is one a second.
func TestAcceptorBacksOff(t *testing.T) {
	w := sim.New(sim.Seeded(1), sim.Alone())
	var layer *refusing
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner(), platform.WithLayer(func(below backend.Backend) backend.Backend {
		layer = &refusing{Backend: below}
		return layer
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	a := guests()
	reported := 0
	a.OnError = func(error) { reported++ }
	l, err := p.Listen("tcp", "10.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	var over result
	a.Start(l, &over)
	p.NewTimer().Wait(10*time.Minute, ops.HandlerFunc(func(int, error) { a.Drain() }))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	over.want(t, "the acceptor", 0, nil)
	// 8 in the first 1.275 s, and then one a second.
	if layer.refused != reported || reported < 600 || reported > 610 {
		t.Errorf("%d accepts have failed and %d were reported in ten minutes, want 607", layer.refused, reported)
	}
}

// TestEndlessWait waits for the end of time, which does not come.
func TestEndlessWait(t *testing.T) {
	w := open(t, sim.Seeded(1))
	var told result
	timer := w.NewTimer()
	timer.Wait(math.MaxInt64, &told)
	func() {
		defer func() {
			var d *sim.Deadlock
			if err, ok := recover().(error); !ok || !errors.As(err, &d) {
				t.Errorf("recovered %v, want a deadlock", err)
			}
		}()
		w.run()
	}()
	timer.Cancel()
	w.run()
	told.want(t, "the wait", 0, ops.ErrCanceled)
}
