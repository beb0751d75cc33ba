package platform_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// states returns the figures without those that only grow.
func states(s platform.Stats) platform.Stats {
	s.Polls, s.Completions, s.Handlers, s.Parks, s.Wakes, s.Looks, s.LooksPaid = 0, 0, 0, 0, 0, 0, 0
	s.BlocksKept = 0
	return s
}

// awaitStats waits for figures that are as wanted, and fails with what is otherwise.
func awaitStats(t *testing.T, get func() platform.Stats, want platform.Stats) {
	t.Helper()
	late := time.Now().Add(patience)
	for !cmp.Equal(states(get()), want) {
		if time.Now().After(late) {
			t.Fatalf("Stats (-want +got):\n%s", cmp.Diff(want, states(get())))
		}
		runtime.Gosched()
	}
}

// TestStats has one of everything outstanding, and then closes it.
func TestStats(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		want := platform.Stats{Backend: w.backend}
		awaitStats(t, w.Stats, want)

		l, err := w.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		other, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		var conn, next platform.Conn
		var accepted, waited result
		l.Accept(&conn, &accepted)
		w.await(&accepted)
		packets, err := w.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := w.OpenFile(name, os.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		want.Conns, want.Listeners, want.PacketConns, want.Files = 1, 1, 1, 1
		awaitStats(t, w.Stats, want)

		var buf [8]byte
		var from netip.AddrPort
		var read, behind, accepting, packet, waiting result
		conn.Read(buf[:], &read)
		conn.Read(buf[:], ops.WithTimeout(&behind, time.Hour))
		l.Accept(&next, &accepting)
		packets.ReadFrom(buf[:], &from, &packet)
		timer := w.NewTimer()
		timer.Wait(time.Hour, &waiting)
		timer.Wait(0, &waited)
		w.await(&waited) // a single runner publishes what it has
		want.Outstanding[ops.KindRead] = 2
		want.Outstanding[ops.KindAccept] = 1
		want.Outstanding[ops.KindReadFrom] = 1
		want.Outstanding[ops.KindWait] = 1
		want.Timers = 2
		want.BlocksInUse = 5
		awaitStats(t, w.Stats, want)
		if got := want.Outstanding.Total(); got != 5 {
			t.Errorf("Total returns %d, want 5", got)
		}
		for range 2 {
			w.Post(t, nil)
		}
		got := w.Stats()
		if got.Handlers < 4 || got.Polls < 1 || got.BlocksKept < 1 {
			t.Errorf("after 4 handlers: %v", got)
		}

		if _, err := other.Write([]byte("text")); err != nil {
			t.Fatal(err)
		}
		w.await(&read)
		if now := w.Stats(); now.Completions <= got.Completions {
			t.Errorf("a read that has waited has left the completions at %d: %v", got.Completions, now)
		}

		if err := errors.Join(conn.Close(), packets.Close(), file.Close()); err != nil {
			t.Fatal(err)
		}
		w.await(&behind, &packet)
		want.Conns, want.PacketConns, want.Files = 0, 0, 0
		want.Outstanding[ops.KindRead], want.Outstanding[ops.KindReadFrom] = 0, 0
		want.Timers, want.BlocksInUse = 1, 2
		awaitStats(t, w.Stats, want)

		w.within("Close", func() { w.Close() })
		awaitStats(t, w.Stats, platform.Stats{Backend: w.backend})
		if after := w.Stats(); after.Handlers < got.Handlers || after.Polls < got.Polls {
			t.Errorf("Close has made the counts smaller: %v, and before %v", after, got)
		}
	})
}

// Post posts a handler and runs the proactor until it was called, with then.
func (w *world) Post(t *testing.T, then func()) {
	t.Helper()
	r := result{then: then}
	ops.Post(w, &r)
	w.await(&r)
}

// TestStatsAnywhere asks from other goroutines while the proactor sleeps, works and is
// closed, and from a handler.
func TestStatsAnywhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hold := w.Hold()
		defer hold.Release()
		ctx, cancel := context.WithCancel(context.Background())
		var running, asking sync.WaitGroup
		for range max(1, w.runners) {
			running.Go(func() { w.Run(ctx) })
		}
		stop := make(chan struct{})
		for range 2 {
			asking.Go(func() {
				before := w.Stats()
				for {
					select {
					case <-stop:
						return
					default:
					}
					now := w.Stats()
					if now.Polls < before.Polls || now.Handlers < before.Handlers || now.Wakes < before.Wakes {
						t.Errorf("a count falls: %v after %v", now, before)
						return
					}
					before = now
					runtime.Gosched()
				}
			})
		}
		timer := w.NewTimer()
		waiting := make(chan struct{})
		const posts = 100
		for i := range posts {
			called := make(chan struct{})
			ops.Post(w, ops.HandlerFunc(func(int, error) {
				w.Stats()
				if i == 0 {
					timer.Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
					close(waiting)
				}
				close(called)
			}))
			w.within("a posted handler", func() { <-called })
		}
		<-waiting
		want := platform.Stats{Backend: w.backend, Timers: 1, BlocksInUse: 1}
		want.Outstanding[ops.KindWait] = 1
		awaitStats(t, w.Stats, want) // while it sleeps
		late := time.Now().Add(patience)
		for (w.Stats().Handlers < posts || w.Stats().Parks == 0) && time.Now().Before(late) {
			runtime.Gosched()
		}
		if got := w.Stats(); got.Handlers != posts || got.Parks == 0 {
			t.Errorf("%d handlers were called, and it slept: %v", posts, got)
		}
		w.within("Close", func() { w.Close(); running.Wait() })
		close(stop)
		asking.Wait()
		cancel()
		awaitStats(t, w.Stats, platform.Stats{Backend: w.backend})
	})
}

// TestStatsWakes wakes a proactor that sleeps.
func TestStatsWakes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hold := w.Hold()
		defer hold.Release()
		var running sync.WaitGroup
		running.Go(func() { w.Run(context.Background()) })
		late := time.Now().Add(patience)
		for w.Stats().Wakes == 0 {
			if time.Now().After(late) {
				t.Fatalf("nothing that is posted has woken the proactor: %v\n%s", w.Stats(), stacks())
			}
			for parks := w.Stats().Parks; w.Stats().Parks == parks && time.Now().Before(late); {
				called := make(chan struct{})
				ops.Post(w, ops.HandlerFunc(func(int, error) { close(called) }))
				w.within("a posted handler", func() { <-called })
				runtime.Gosched()
			}
		}
		w.Stop()
		w.within("Run", running.Wait)
	})
}

// TestStatsAllocator takes the blocks of an allocator that counts them, and says nothing
// of one that does not.
func TestStatsAllocator(t *testing.T) {
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) {
			heap := allocator.Heap[ops.Operation]{}
			for name, c := range map[string]struct {
				alloc allocator.Allocator[ops.Operation]
				inUse int64
			}{
				"counts": {combinators.NewStats[ops.Operation](heap), 2},
				"mute":   {heap, 0},
			} {
				w := mode{backend: b}.open(t, platform.WithAllocator(c.alloc))
				timer := w.NewTimer()
				for range 2 {
					timer.Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
				}
				if got := w.Stats(); got.BlocksInUse != c.inUse || got.BlocksKept != 0 {
					t.Errorf("%s: %d blocks are in use and %d kept, want %d and 0", name, got.BlocksInUse, got.BlocksKept, c.inUse)
				}
			}
		})
	}
}

// TestStatsJSON checks that figures print as an object with the names of the kinds.
func TestStatsJSON(t *testing.T) {
	w := mode{backend: "portable", runners: 1}.open(t)
	w.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
	var got struct {
		Backend     string
		Outstanding map[string]int64
	}
	text := w.Var().String()
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if got.Backend != "portable" || got.Outstanding["wait"] != 1 || len(got.Outstanding) != ops.Kinds {
		t.Errorf("Var prints %s", text)
	}
}

// TestGroupStats adds the figures of a group up.
func TestGroupStats(t *testing.T) {
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) {
			for name, options := range map[string][]platform.Option{
				"own allocators":   nil,
				"shared allocator": {platform.WithAllocator(combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{}))},
			} {
				g, err := platform.NewGroup(3, append(options, platform.WithBackend(b))...)
				if err != nil {
					t.Fatal(err)
				}
				defer g.Close()
				for _, p := range g.Proactors() {
					p.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
					p.NewTimer().Wait(0, ops.HandlerFunc(func(int, error) { p.Stop() }))
				}
				if err := g.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
				want := platform.Stats{Backend: b, Timers: 3, BlocksInUse: 3}
				want.Outstanding[ops.KindWait] = 3
				if diff := cmp.Diff(want, states(g.Stats())); diff != "" {
					t.Errorf("%s: Stats (-want +got):\n%s", name, diff)
				}
				if got := g.Stats().Handlers; got != 3 {
					t.Errorf("%s: %d handlers were called, want 3", name, got)
				}
			}
		})
	}
}
