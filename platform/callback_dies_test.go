package platform_test

import (
	"context"
	"net/netip"
	"runtime"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// callbacks are calls that call functions of the program before they return, with what
// ends the goroutine in one.
var callbacks = map[string]func(w *world, die func()) func(){
	"Control of Listen": func(w *world, die func()) func() {
		c := platform.ListenConfig{Control: control(die)}
		return func() { c.Listen(w.Proactor, "tcp", "127.0.0.1:0") }
	},
	"Control of ListenPacket": func(w *world, die func()) func() {
		c := platform.ListenConfig{Control: control(die)}
		return func() { c.ListenPacket(w.Proactor, "udp4", "127.0.0.1:0") }
	},
	"Control of SyscallConn": func(w *world, die func()) func() {
		a, _ := w.pair()
		raw, err := a.SyscallConn()
		if err != nil {
			w.t.Fatal(err)
		}
		return func() { raw.Control(func(uintptr) { die() }) }
	},
	"Allocate": func(w *world, die func()) func() {
		a, b := w.pair()
		b.Read(make([]byte, 1), &result{})
		return func() { a.Write([]byte{1}, ops.WithAllocator(&result{}, deadly{allocate: die})) }
	},
	"Allocate of Connect": func(w *world, die func()) func() {
		l := w.listen("tcp", "127.0.0.1:0")
		return func() {
			w.Connect(new(platform.Conn), "tcp", l.Addr().String(), ops.WithAllocator(&result{}, deadly{allocate: die}))
		}
	},
}

// control returns a Control that ends the goroutine which calls it.
func control(die func()) func(string, string, syscall.RawConn) error {
	return func(string, string, syscall.RawConn) error {
		die()
		return nil
	}
}

// deadly is an allocator that ends a goroutine that calls it.
type deadly struct {
	allocator.Heap[ops.Operation]
	allocate, deallocate func()
}

func (d deadly) Allocate(n int) ([]ops.Operation, error) {
	if d.allocate != nil {
		d.allocate()
	}
	return d.Heap.Allocate(n)
}

func (d deadly) Deallocate(s []ops.Operation) {
	d.Heap.Deallocate(s)
	if d.deallocate != nil {
		d.deallocate()
	}
}

// TestCallbackDies has a function of the program, which the library calls while a handler
// calls the library, end the goroutine. No lock stays held: the proactor goes on, and can
// be closed.
func TestCallbackDies(t *testing.T) {
	for what, ready := range callbacks {
		t.Run(what, func(t *testing.T) {
			eachDeath(t, func(t *testing.T, m mode, die func()) {
				w := m.open(t)
				call := ready(w, die)
				ops.Post(w, ops.HandlerFunc(func(int, error) { call() }))
				w.dieOnce(t)
				w.goesOn()
				w.within("Close", func() { w.Close() })
				noneLeft(t)
			})
		})
	}
}

// dieOnce runs the proactor on one goroutine until that dies.
func (w *world) dieOnce(t *testing.T) {
	t.Helper()
	died := true
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { recover() }()
		w.Run(context.Background())
		died = false
	}()
	w.within("Run", func() { <-done })
	if !died {
		t.Error("the goroutine lives")
	}
}

// deadlyNames is a Resolver that ends its goroutine.
type deadlyNames struct{ die func() }

func (d deadlyNames) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	d.die()
	return nil, nil
}

// TestResolverExits has a Resolver end its goroutine, more often than there are any at a
// time. Each dial fails, and one whose Resolver returns works.
func TestResolverExits(t *testing.T) {
	const dials = 100
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		var failed [dials]result
		d := &platform.Dialer{Resolver: deadlyNames{runtime.Goexit}}
		for i := range failed {
			d.Dial(w.Proactor, new(platform.Conn), "tcp", "exits.test:80", &failed[i])
		}
		w.run()
		for i := range failed {
			if failed[i].calls != 1 || failed[i].err == nil {
				t.Fatalf("dial %d: %d calls, the last with %v", i, failed[i].calls, failed[i].err)
			}
		}
		known := &platform.Dialer{Resolver: &hosts{addrs: map[string][]string{"known.test": {"127.0.0.1"}}}}
		if err := w.dial(known, new(platform.Conn), "tcp", at("known.test", l)); err != nil {
			t.Error(err)
		}
	})
}

// TestResolverDiesSimulated has a Resolver end the goroutine that runs a simulated proactor.
// The dial fails when the next one runs it.
func TestResolverDiesSimulated(t *testing.T) {
	for how, die := range deaths {
		t.Run(how, func(t *testing.T) {
			w := simulated(t)
			var failed result
			d := &platform.Dialer{Resolver: deadlyNames{die}}
			d.Dial(w.Proactor, new(platform.Conn), "tcp", "dies.test:80", &failed)
			w.dieOnce(t)
			w.run()
			if failed.calls != 1 || failed.err == nil {
				t.Errorf("%d calls, the last with %v", failed.calls, failed.err)
			}
		})
	}
}
