package sim_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// Server and client have a proactor each, and both an account of what they did.
func TestRun(t *testing.T) {
	run := func(seed uint64) []string {
		w := open(t, sim.Seeded(seed), sim.WithWeather(sim.Weather{Delay: 2, Lag: 3, SlowCancel: 2}))
		var other blocks
		p := w.proactor(&other)
		l, err := w.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var server, client platform.Conn
		var accepted, connected, served, answered, late result
		buf, answer := make([]byte, 4), make([]byte, 4)
		accepted.then = func() { ops.ReadFull(&server, buf, &served) }
		served.then = func() { ops.WriteFull(&server, buf, new(result)) }
		connected.then = func() {
			ops.WriteFull(&client, []byte("ping"), new(result))
			ops.ReadFull(&client, answer, &answered)
		}
		answered.then = func() { client.Read(answer, ops.WithTimeout(&late, time.Minute)) }
		l.Accept(&server, &accepted)
		p.Connect(&client, "tcp", l.Addr().String(), &connected)
		if err := w.sim.Run(w.Proactor, p); err != nil {
			t.Fatalf("Run: %v", err)
		}
		answered.want(t, "the answer", 4, nil)
		if late.calls != 1 || string(buf) != "ping" {
			t.Errorf("answered %q, and then %d, %v", buf, late.n, late.err)
		}
		p.Close()
		w.finish()
		if other.live != 0 {
			t.Errorf("%d blocks are alive after Close", other.live)
		}
		return w.trace()
	}
	orders := map[string]bool{}
	for seed := range uint64(50) {
		trace := run(seed)
		if diff := cmp.Diff(trace, run(seed)); diff != "" {
			t.Fatalf("the second run differs from the first (-first +second):\n%s", diff)
		}
		orders[strings.Join(trace, "\n")] = true
	}
	if len(orders) < 25 {
		t.Errorf("50 seeds have given only %d runs", len(orders))
	}
}

func TestRunDeadlock(t *testing.T) {
	w := open(t, sim.Calm)
	p := w.proactor(nil)
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	var read, posted result
	server.Read(make([]byte, 1), &read)
	hold := p.Hold()
	d, ok := recovered(func() { w.sim.Run(w.Proactor, p) }).(*sim.Deadlock)
	if !ok || len(d.Outstanding) != 1 || d.Outstanding[0].Kind != ops.KindRead {
		t.Fatalf("Run panics with %v", d)
	}
	// Both proactors are as they were.
	client.Write([]byte("x"), new(result))
	ops.Post(p, &posted)
	hold.Release()
	if err := w.sim.Run(w.Proactor, p); err != nil {
		t.Fatal(err)
	}
	read.want(t, "the read", 1, nil)
	posted.want(t, "the post", 0, nil)
	p.Close()
	w.finish()
	if v := recovered(func() { w.sim.Run(p) }); v == nil {
		t.Error("a closed proactor is run")
	}
}

func TestRunPanics(t *testing.T) {
	w := open(t, sim.Calm)
	p := w.proactor(nil)
	hold := w.Hold()
	ops.Post(p, ops.HandlerFunc(func(int, error) { panic("handler") }))
	if v := recovered(func() { w.sim.Run(w.Proactor, p) }); v != "handler" {
		t.Errorf("Run panics with %v", v)
	}
	hold.Release()
	if err := w.sim.Run(w.Proactor, p); err != nil {
		t.Errorf("Run again: %v", err)
	}
	w.Close()
	if err := p.Run(context.Background()); err != nil {
		t.Error(err)
	}
}

// In Run a Close from a handler abandons as it does in any other.
func TestRunClose(t *testing.T) {
	w := open(t, sim.Seeded(3), sim.WithWeather(sim.Stormy()))
	p := w.proactor(nil)
	server, _, _ := w.pair("tcp", "127.0.0.1:0")
	var read result
	server.Read(make([]byte, 1), &read)
	ops.Post(p, ops.HandlerFunc(func(int, error) { w.Close() }))
	if err := w.sim.Run(w.Proactor, p); err == nil || !strings.Contains(err.Error(), net.ErrClosed.Error()) {
		t.Errorf("Run: %v", err)
	}
	if w.blocks.live != 0 || read.calls != 0 {
		t.Errorf("%d blocks are alive, and the handler was called %d times", w.blocks.live, read.calls)
	}
}

func TestDeadlock(t *testing.T) {
	w := open(t, sim.Calm)
	server, _, l := w.pair("tcp", "127.0.0.1:7")
	server.Read(make([]byte, 1), new(result))
	l.Accept(new(platform.Conn), new(result))
	d, ok := recovered(func() { w.Run(context.Background()) }).(*sim.Deadlock)
	if !ok {
		t.Fatal("Run does not panic with a Deadlock")
	}
	for _, part := range []string{"read", "accept", "socket 3 (127.0.0.1:7 to 127.0.0.1:49152)"} {
		if !strings.Contains(d.Error(), part) {
			t.Errorf("there is no %q in: %v", part, d)
		}
	}
	w.finish()
	if err := w.Run(context.Background()); err != net.ErrClosed {
		t.Errorf("Run after Close: %v", err)
	}
}

// Also with a proactor that takes locks, a Deadlock leaves it usable.
func TestDeadlockUnlocks(t *testing.T) {
	w := sim.New(sim.Calm, sim.WithPatience(time.Millisecond))
	p, err := platform.New(platform.WithCustomBackend(w.Backend))
	if err != nil {
		t.Fatal(err)
	}
	hold := p.Hold()
	if !deadlocks(func() { p.Run(context.Background()) }) {
		t.Error("Run does not panic with a Deadlock")
	}
	hold.Release()
	if err := p.Run(context.Background()); err != nil {
		t.Error(err)
	}
	p.Close()
}
