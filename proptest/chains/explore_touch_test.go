package chains

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestSleepSetsTouch says that no outcome is missed of programs whose chains have to do
// with each other only by what they share.
func TestSleepSetsTouch(t *testing.T) {
	for name, p := range map[string]Program{
		// Of a read of nothing the world sees nothing, and yet a cancellation of all cancels the write of
		// the other chain at the same end.
		"an end": {
			Links: []Link{{Network: "tcp", Duplex: true}},
			Chains: []Chain{
				{Name: "client", Steps: []Step{{Kind: "connect"}, {Kind: "fork", Chain: 2}, {Kind: "send"}, {Kind: "read full", Cancel: CancelAll}, {Kind: "post"}, {Kind: "send"}, {Kind: "close"}}},
				{Name: "server", Steps: []Step{{Kind: "accept"}, {Kind: "read full", Size: 2}, {Kind: "close"}}},
				{Name: "client's writer", Forked: true, Steps: []Step{{Kind: "post"}, {Kind: "send"}, {Kind: "write full", Size: 2}, {Kind: "close"}}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			weather := sim.Weather{Interleave: true}
			n, want, err := outcomes(p, weather, true, 200_000)
			if err != nil {
				t.Fatal(err)
			}
			m, got, err := outcomes(p, weather, false, -1)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d of %d orders, %d of %d outcomes", m, n, len(got), len(want))
			for o := range want {
				if !got[o] {
					t.Fatalf("this outcome is missed:\n%s", o)
				}
			}
		})
	}
}

// exploredWorld runs chains of f in a world in every order, or in those that do not come to
// the same, and returns what they have said. The function f starts them on p.
func exploredWorld(t *testing.T, everyOrder bool, f func(w *sim.World, p *platform.Proactor, say func(string))) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	c := newConfig(nil)
	c.everyOrder = everyOrder
	_, path, err := c.search(func(by Chooser) error {
		w := sim.New(by, sim.WithWeather(sim.Weather{Interleave: true}), sim.Alone())
		p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
		if err != nil {
			return err
		}
		var said []string
		f(w, p, func(text string) { said = append(said, text) })
		err = p.Run(context.Background())
		if !by.(*explorer).pruned {
			all[strings.Join(said, "; ")] = true
		}
		p.Close()
		return err
	})
	if err != nil {
		t.Fatalf("%v, on the path %q", err, path)
	}
	return all
}

// TestSleepSetsWorld says that no outcome is missed where operations meet only in what the
// world has behind its sockets.
func TestSleepSetsWorld(t *testing.T) {
	for name, f := range map[string]func(w *sim.World, p *platform.Proactor, say func(string)){
		"a file": func(w *sim.World, p *platform.Proactor, say func(string)) {
			one, _ := p.OpenFile("/f", os.O_RDWR|os.O_CREATE, 0o600)
			other, _ := p.OpenFile("/f", os.O_RDWR, 0o600)
			one.WriteAt([]byte("x"), 0, ops.HandlerFunc(func(int, error) {}))
			other.ReadAt(make([]byte, 1), 0, ops.HandlerFunc(func(n int, err error) { say(fmt.Sprint("read ", n, err)) }))
		},
		"an address that nobody listens at yet": func(w *sim.World, p *platform.Proactor, say func(string)) {
			f, _ := p.OpenFile("/f", os.O_RDWR|os.O_CREATE, 0o600)
			f.Sync(ops.HandlerFunc(func(int, error) { p.Listen("tcp", "127.0.0.1:7") }))
			p.Connect(new(platform.Conn), "tcp", "127.0.0.1:7", ops.HandlerFunc(func(_ int, err error) { say(fmt.Sprint("connect ", err)) }))
		},
		"what a read finds that does not wait": func(w *sim.World, p *platform.Proactor, say func(string)) {
			f, _ := p.OpenFile("/f", os.O_RDWR|os.O_CREATE, 0o600)
			l, _ := p.Listen("tcp", "127.0.0.1:0")
			var a, b platform.Conn
			both := 0
			begin := ops.HandlerFunc(func(int, error) {
				if both++; both < 2 {
					return
				}
				f.Sync(ops.HandlerFunc(func(int, error) {
					n, err := b.TryRead(make([]byte, 1))
					say(fmt.Sprint("read ", n, err))
				}))
				a.Write([]byte("x"), ops.HandlerFunc(func(int, error) {}))
			})
			l.Accept(&b, begin)
			p.Connect(&a, "tcp", l.Addr().String(), begin)
		},
		"a signal": func(w *sim.World, p *platform.Proactor, say func(string)) {
			f, _ := p.OpenFile("/f", os.O_RDWR|os.O_CREATE, 0o600)
			g, _ := p.OpenFile("/g", os.O_RDWR|os.O_CREATE, 0o600)
			s, _ := p.NewSignals(os.Interrupt)
			f.Sync(ops.HandlerFunc(func(int, error) { w.Raise(os.Interrupt) }))
			s.Wait(ops.HandlerFunc(func(_ int, err error) { say("raised") }))
			g.Sync(ops.HandlerFunc(func(int, error) { say("synced") }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, got := exploredWorld(t, true, f), exploredWorld(t, false, f)
			if len(want) < 2 {
				t.Errorf("whatever the order is, the outcome is %v", want)
			}
			for o := range want {
				if !got[o] {
					t.Errorf("of %v, %q is missed", want, o)
				}
			}
		})
	}
}

// TestExploreAllOrders says that handlers may share what nobody is told of: of what runs in a
// world every order is tried.
func TestExploreAllOrders(t *testing.T) {
	orders := make(map[string]bool)
	_, _, err := ExploreAll(func(by Chooser) error {
		w := sim.New(by, sim.WithWeather(sim.Weather{Interleave: true}), sim.Alone())
		p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
		if err != nil {
			return err
		}
		order := ""
		for _, name := range []string{"a", "b", "c"} {
			f, err := p.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				return err
			}
			f.Sync(ops.HandlerFunc(func(int, error) { order += name }))
		}
		err = p.Run(context.Background())
		orders[order] = true
		return errors.Join(err, p.Close())
	})
	if len(orders) != 6 || err != nil {
		t.Errorf("the orders are %v, of 6; %v", orders, err)
	}
}
