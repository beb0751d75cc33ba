package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A bubble is a proactor of a world in a bubble, with goroutines that run it.
type bubble struct {
	*platform.Proactor
	sim *sim.World
	t   *testing.T
	ran sync.WaitGroup
}

// inBubbles runs a test in bubbles: with a single runner, with one that spins, and with
// several. At its end the proactor is closed while it waits.
func inBubbles(t *testing.T, c sim.Chooser, weather sim.Weather, test func(*testing.T, *bubble)) {
	t.Helper()
	for name, mode := range map[string]struct {
		runners int
		options []platform.Option
	}{
		"single":    {1, []platform.Option{platform.SingleRunner()}},
		"spinning":  {1, []platform.Option{platform.SingleRunner(), platform.Spin(time.Millisecond)}},
		"3-runners": {3, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newBubble(t, sim.New(c, sim.WithWeather(weather)), mode.options...)
				w.run(mode.runners)
				test(t, w)
				synctest.Wait()
				w.Close()
				w.ran.Wait()
			})
		})
	}
}

// newBubble returns a proactor of a world that nobody runs yet.
func newBubble(t *testing.T, world *sim.World, options ...platform.Option) *bubble {
	t.Helper()
	p, err := platform.New(append(options, platform.WithCustomBackend(world.Backend))...)
	if err != nil {
		t.Fatal(err)
	}
	return &bubble{Proactor: p, sim: world, t: t}
}

// run has n goroutines run the proactor until it is closed.
func (w *bubble) run(n int) {
	w.Hold()
	for range n {
		w.ran.Go(func() {
			if err := w.Run(w.t.Context()); err != net.ErrClosed {
				w.t.Errorf("Run: %v", err)
			}
		})
	}
}

// call has a runner start an operation, and returns its result.
func (w *bubble) call(start func(ops.Handler)) (n int, err error) {
	done := make(chan struct{})
	end := ops.HandlerFunc(func(m int, e error) {
		n, err = m, e
		close(done)
	})
	ops.Post(w.Proactor, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			end(0, err)
			return
		}
		start(end)
	}))
	<-done
	return n, err
}

// do has a runner do something.
func (w *bubble) do(f func()) {
	w.call(func(end ops.Handler) {
		f()
		end.Complete(0, nil)
	})
}

func (w *bubble) listen() (l *platform.Listener) {
	w.t.Helper()
	var err error
	if w.do(func() { l, err = w.Listen("tcp", "127.0.0.1:0") }); err != nil {
		w.t.Fatal(err)
	}
	return l
}

// pair returns both ends of a connection.
func (w *bubble) pair() (a, b *platform.Conn) {
	w.t.Helper()
	a, b = new(platform.Conn), new(platform.Conn)
	l := w.listen()
	for _, start := range []func(ops.Handler){
		func(h ops.Handler) { w.Connect(b, "tcp", l.Addr().String(), h) },
		func(h ops.Handler) { l.Accept(a, h) },
		func(h ops.Handler) { h.Complete(0, l.Close()) },
	} {
		for _, err := w.call(start); err != nil; _, err = w.call(start) {
			// in bad weather
		}
	}
	return a, b
}

// The clock of the world and of the proactor is the bubble's, and everything ends when it
// is due.
func TestBubbleTime(t *testing.T) {
	inBubbles(t, sim.Calm, sim.Weather{}, func(t *testing.T, w *bubble) {
		const limit = 5 * time.Minute
		a, b := w.pair()
		buf := make([]byte, 1)
		l := w.listen()
		for name, test := range map[string]struct {
			start func(ops.Handler)
			want  error
		}{
			"timer":    {func(h ops.Handler) { w.NewTimer().Wait(limit, h) }, nil},
			"timeout":  {func(h ops.Handler) { b.Read(buf, ops.WithTimeout(h, limit)) }, os.ErrDeadlineExceeded},
			"deadline": {func(h ops.Handler) { a.SetDeadline(time.Now().Add(limit)); a.Read(buf, h) }, os.ErrDeadlineExceeded},
			"accept":   {func(h ops.Handler) { l.SetDeadline(w.Now().Add(limit)); l.Accept(new(platform.Conn), h) }, os.ErrDeadlineExceeded},
		} {
			start := time.Now()
			if _, err := w.call(test.start); !errors.Is(err, test.want) {
				t.Errorf("%s: %v, want %v", name, err, test.want)
			}
			if took := time.Since(start); took != limit {
				t.Errorf("%s: it takes %v, want %v", name, took, limit)
			}
			if now := time.Now(); !w.Now().Equal(now) || !epoch.Add(w.sim.Now()).Equal(now) {
				t.Errorf("%s: it is %v, for the proactor %v and for the world %v", name, now, w.Now(), w.sim.Now())
			}
		}
	})
}

var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// A proactor that is held and has nothing to do is durably blocked, also if what it waits
// for is far away, and does at once what it is given.
func TestBubbleHold(t *testing.T) {
	inBubbles(t, sim.Calm, sim.Weather{}, func(t *testing.T, w *bubble) {
		start := time.Now()
		for _, prepare := range []func(){
			func() {},
			func() { w.NewTimer().Wait(time.Hour, ignored) },
		} {
			w.do(prepare)
			for range 10 {
				called := false
				ops.Post(w.Proactor, ops.HandlerFunc(func(int, error) { called = true }))
				synctest.Wait()
				if !called {
					t.Fatal("a handler was posted and not called, and the proactor waits")
				}
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it takes %v", took)
		}
		time.Sleep(2 * time.Hour)
		if took := w.Now().Sub(start); took != 2*time.Hour {
			t.Errorf("after two hours it is %v later", took)
		}
	})
}

var ignored = ops.HandlerFunc(func(int, error) {})

// Many goroutines that know only channels use connections by posts, and sleep between
// messages, each for another time.
func TestBubbleGoroutines(t *testing.T) {
	const goroutines, messages = 20, 10
	inBubbles(t, sim.Calm, sim.Weather{}, func(t *testing.T, w *bubble) {
		start := time.Now()
		var all sync.WaitGroup
		for i := range goroutines {
			a, b := w.pair()
			all.Go(func() {
				buf := make([]byte, 8)
				for {
					n, err := w.call(func(h ops.Handler) { b.Read(buf, h) })
					if err != nil {
						break
					}
					w.call(func(h ops.Handler) { ops.WriteFull(b, buf[:n], h) })
				}
				w.do(func() { b.Close() })
			})
			all.Go(func() {
				buf := make([]byte, 8)
				for m := range messages {
					time.Sleep(time.Duration(i+1) * time.Second)
					want := fmt.Appendf(nil, "%02d %02d", i, m)
					w.call(func(h ops.Handler) { ops.WriteFull(a, want, h) })
					n, err := w.call(func(h ops.Handler) { ops.ReadFull(a, buf[:len(want)], h) })
					if err != nil || !bytes.Equal(buf[:n], want) {
						t.Errorf("%s came back as %s, %v", want, buf[:n], err)
					}
				}
				w.do(func() { a.Close() })
			})
		}
		all.Wait()
		if took := time.Since(start); took != goroutines*messages*time.Second {
			t.Errorf("it takes %v", took)
		}
	})
}

// What the world delays comes when it is due, and ends a wait.
func TestBubbleDelay(t *testing.T) {
	inBubbles(t, sim.Calm, sim.Weather{Delay: 1, MaxDelay: 8 * time.Second}, func(t *testing.T, w *bubble) {
		a, b := w.pair()
		var all sync.WaitGroup
		start := time.Now()
		all.Go(func() { w.call(func(h ops.Handler) { a.Read(make([]byte, 1), h) }) })
		synctest.Wait()
		w.call(func(h ops.Handler) { b.Write([]byte("x"), h) })
		if took := time.Since(start); took != time.Second {
			t.Errorf("the write takes %v", took)
		}
		all.Wait()
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("the read takes %v", took)
		}
	})
}

// A conversation goes on in any weather until it is reset, and takes virtual time only.
func TestBubbleStorm(t *testing.T) {
	stormy := sim.Stormy()
	stormy.MaxDelay = time.Second
	for seed := range uint64(10) {
		inBubbles(t, sim.Seeded(seed), stormy, func(t *testing.T, w *bubble) {
			a, b := w.pair()
			var all sync.WaitGroup
			const size = 20_000
			sent, got := bytes.Repeat([]byte("weather"), size/7), make([]byte, size/7*7)
			var read, written int
			var readErr, writeErr error
			all.Go(func() {
				written, writeErr = w.call(func(h ops.Handler) { ops.WriteFull(a, sent, h) })
				w.do(func() { a.Close() })
			})
			all.Go(func() {
				read, readErr = w.call(func(h ops.Handler) { ops.ReadFull(b, got, h) })
				w.do(func() { b.Close() })
			})
			all.Wait()
			if !bytes.Equal(got[:read], sent[:read]) || read > written && writeErr == nil {
				t.Errorf("seed %d: %d bytes were written, %v, and other %d were read, %v", seed, written, writeErr, read, readErr)
			}
			if readErr == nil && read != len(sent) {
				t.Errorf("seed %d: only %d bytes were read", seed, read)
			}
		})
	}
}

// A Close ends what waits, without calling its handlers, and Run.
func TestBubbleClose(t *testing.T) {
	inBubbles(t, sim.Calm, sim.Weather{SlowCancel: 1, Delay: 1, MaxDelay: time.Minute}, func(t *testing.T, w *bubble) {
		a, _ := w.pair()
		w.do(func() {
			wrong := ops.HandlerFunc(func(_ int, err error) { t.Errorf("a handler was called with %v", err) })
			a.Read(make([]byte, 1), wrong)
			a.Read(make([]byte, 1), ops.WithTimeout(wrong, time.Hour))
			w.NewTimer().Wait(24*time.Hour, wrong)
		})
		synctest.Wait()
		start := time.Now()
		w.Close()
		w.ran.Wait()
		if took := time.Since(start); took > time.Hour {
			t.Errorf("Close takes %v", took)
		}
	})
}

// Proactors of a world, each with a goroutine, have the same time.
func TestBubbleProactors(t *testing.T) {
	inBubbles(t, sim.Calm, sim.Weather{}, func(t *testing.T, server *bubble) {
		client := newBubble(t, server.sim, platform.SingleRunner())
		client.run(1)
		l := server.listen()
		var accepted, connected platform.Conn
		client.call(func(h ops.Handler) { client.Connect(&connected, "tcp", l.Addr().String(), h) })
		server.call(func(h ops.Handler) { l.Accept(&accepted, h) })

		start := time.Now()
		ops.Post(server.Proactor, ops.HandlerFunc(func(int, error) {
			server.NewTimer().Wait(time.Minute, ops.HandlerFunc(func(int, error) {
				accepted.Write([]byte("later"), ignored)
			}))
		}))
		n, err := client.call(func(h ops.Handler) { connected.Read(make([]byte, 8), ops.WithTimeout(h, time.Hour)) })
		if took := time.Since(start); n != 5 || err != nil || took != time.Minute {
			t.Errorf("read %d, %v, after %v", n, err, took)
		}
		client.Close()
		client.ran.Wait()
	})
}

// A coroutine sleeps for virtual time.
func TestBubbleCoroutine(t *testing.T) {
	inBubbles(t, sim.Calm, sim.Weather{}, func(t *testing.T, w *bubble) {
		start := time.Now()
		if _, err := w.call(func(h ops.Handler) {
			w.Spawn(h, func(co *platform.Co) error { return co.Sleep(5 * time.Minute) })
		}); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 5*time.Minute {
			t.Errorf("it sleeps for %v", took)
		}
	})
}

// When all goroutines of a bubble wait for ever, the panic says for what, and where they
// are.
func TestBubbleDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var slept []time.Duration
		w := newBubble(t, sim.New(sim.Calm, sim.WithObserver(func(e sim.Event) {
			if e.What == sim.Slept {
				slept = append(slept, e.Time)
			}
		})))
		l, err := w.Listen("tcp", "127.0.0.1:7")
		if err != nil {
			t.Fatal(err)
		}
		l.Accept(new(platform.Conn), ops.WithTimeout(ignored, time.Minute))
		l.Accept(new(platform.Conn), ignored)
		quit, quitted := make(chan int), make(chan bool)
		go waitsForNobody(quit, quitted)
		d, _ := recovered(func() { w.Run(t.Context()) }).(*sim.Deadlock)
		if d == nil {
			t.Fatal("Run does not panic with a Deadlock")
		}
		if d.Time != time.Minute || !slices.Equal(slept, []time.Duration{time.Minute}) {
			t.Errorf("the deadlock is at %v, and time has passed until %v", d.Time, slept)
		}
		for _, part := range []string{"deadlock at 1m0s", "accept 2 on socket 1 (127.0.0.1:7)", "waitsForNobody", "TestBubbleDeadlock"} {
			if !strings.Contains(d.Error(), part) {
				t.Errorf("there is no %q in: %v", part, d)
			}
		}
		if strings.Contains(d.Goroutines, "testing.(*M).Run") {
			t.Errorf("there are goroutines that are not in the bubble: %v", d)
		}
		w.Close()
		close(quit)
		<-quitted
	})
}

func waitsForNobody(quit chan int, quitted chan bool) {
	<-quit
	close(quitted)
}

// In a bubble patience is of its time.
func TestBubblePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newBubble(t, sim.New(sim.Calm, sim.WithPatience(time.Hour)))
		hold := w.Hold()
		time.AfterFunc(2*time.Hour, hold.Release)
		if !deadlocks(func() { w.Run(t.Context()) }) {
			t.Error("Run does not panic with a Deadlock")
		}
		if now := w.sim.Now(); now != time.Hour {
			t.Errorf("the deadlock is at %v", now)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := w.Run(t.Context()); err != nil {
			t.Error(err)
		}
		w.Close()
	})
}

// alone has a proactor do things that take time, and returns what has happened.
func alone(t *testing.T, seed uint64) (trace []string) {
	synctest.Test(t, func(t *testing.T) {
		weather := sim.Weather{Delay: 2, MaxDelay: time.Hour, Lag: 3}
		w := open(t, sim.Seeded(seed), sim.WithWeather(weather))
		server, client, _ := w.pair("tcp", "127.0.0.1:0")
		var read, late result
		server.Read(make([]byte, 8), &read)
		client.Write([]byte("data"), new(result))
		w.await(&read)
		read.want(t, "Read", 4, nil)
		start := time.Now()
		server.SetDeadline(start.Add(5 * time.Minute))
		server.Read(make([]byte, 8), &late)
		w.await(&late)
		late.want(t, "Read", 0, os.ErrDeadlineExceeded)
		if took := time.Since(start); took != 5*time.Minute || !w.Now().Equal(time.Now()) {
			t.Errorf("the read takes %v, and it is %v and %v", took, w.Now(), time.Now())
		}
		before := time.Now()
		hold := w.Hold()
		if !deadlocks(func() { w.run() }) || !time.Now().Equal(before) {
			t.Errorf("Run does not panic with a Deadlock, or only after %v", time.Since(before))
		}
		hold.Release()
		w.finish()
		trace = w.trace()
	})
	return trace
}

// Alone in a bubble the run depends on the Chooser only, as elsewhere, and a deadlock is
// noticed at once.
func TestBubbleAlone(t *testing.T) {
	for seed := range uint64(20) {
		if diff := cmp.Diff(alone(t, seed), alone(t, seed)); diff != "" {
			t.Fatalf("the second run differs from the first (-first +second):\n%s", diff)
		}
	}
}

// World.Run has the bubble's time, while other goroutines sleep.
func TestBubbleRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := sim.New(sim.Seeded(1), sim.WithWeather(sim.Weather{Delay: 2}))
		p, q := newBubble(t, world, platform.SingleRunner()), newBubble(t, world, platform.SingleRunner())
		ticks := 0
		ctx, cancel := context.WithCancel(t.Context())
		ticking := make(chan bool)
		go func() {
			for ctx.Err() == nil {
				world.Outstanding() // which takes the world's lock
				time.Sleep(time.Second)
				ticks++
			}
			close(ticking)
		}()
		start := time.Now()
		var first, second time.Duration
		p.NewTimer().Wait(5*time.Minute, ops.HandlerFunc(func(int, error) { first = time.Since(start) }))
		q.NewTimer().Wait(10*time.Minute, ops.HandlerFunc(func(int, error) { second = time.Since(start) }))
		if err := world.Run(p.Proactor, q.Proactor); err != nil {
			t.Fatal(err)
		}
		if first != 5*time.Minute || second != 10*time.Minute {
			t.Errorf("timers of 5 and 10 minutes end after %v and %v", first, second)
		}
		cancel()
		<-ticking
		if ticks < 600 || ticks > 601 {
			t.Errorf("%d seconds have passed for others", ticks)
		}
		hold := q.Hold()
		if !deadlocks(func() { world.Run(p.Proactor, q.Proactor) }) {
			t.Error("Run does not panic with a Deadlock")
		}
		hold.Release()
		p.Close()
		q.Close()
	})
}

// A world is used where it was made.
func TestBubbleStrangers(t *testing.T) {
	outside := sim.New(sim.Calm)
	var inside *sim.World
	var p, q *platform.Proactor
	refused := func(what string, err error) {
		if err == nil || !strings.Contains(err.Error(), "bubble") {
			t.Errorf("%s: %v", what, err)
		}
	}
	q = newBubble(t, outside).Proactor
	synctest.Test(t, func(t *testing.T) {
		_, err := platform.New(platform.WithCustomBackend(outside.Backend))
		refused("a proactor in the bubble, of a world outside", err)
		refused("Run in the bubble, of a proactor outside", q.Run(t.Context()))
		inside = sim.New(sim.Calm)
		p = newBubble(t, inside).Proactor
		p.NewTimer().Wait(time.Hour, ignored)
		if err := p.Run(t.Context()); err != nil {
			t.Error(err)
		}
	})
	_, err := platform.New(platform.WithCustomBackend(inside.Backend))
	refused("a proactor outside, of a world in the bubble", err)
	if err := p.Run(t.Context()); !errors.Is(err, platform.ErrBubble) {
		t.Errorf("Run outside, of a proactor in the bubble: %v", err)
	}
	if now := inside.Now(); now != time.Hour {
		t.Errorf("after its bubble a world has the time %v", now)
	}
	p.Close()
	q.Close()
}
