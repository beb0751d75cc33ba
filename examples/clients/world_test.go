package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

var long = flag.Bool("long", false, "do more of everything")

// times returns n, or a multiple of it in a long test.
func times(n int) int {
	if *long {
		return 20 * n
	}
	return n
}

// A world is a proactor that runs for as long as a test lasts.
type world struct {
	*platform.Proactor
	dialer *netconn.Dialer
}

// each runs a test on every backend, with a single runner and with several. Of the
// test, no connection and no goroutine may be left.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, backend := range platform.Backends() {
		for runners, options := range map[int][]platform.Option{
			1: {platform.WithBackend(backend), platform.SingleRunner()},
			3: {platform.WithBackend(backend)},
		} {
			t.Run(fmt.Sprintf("%s/%d", backend, runners), func(t *testing.T) {
				before := runtime.NumGoroutine()
				t.Cleanup(func() { noneLeft(t, before) })
				test(t, open(t, runners, options))
			})
		}
	}
}

// open opens a proactor and has it run until the test ends.
func open(t *testing.T, runners int, options []platform.Option) *world {
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	hold := p.Hold()
	for range runners {
		running.Go(func() { p.Run(context.Background()) })
	}
	t.Cleanup(func() {
		until(t, "the end of all connections", func() (bool, error) { return p.Stats().Conns == 0, nil })
		hold.Release()
		p.Close()
		wait(t, "Run", running.Wait)
	})
	return &world{p, &netconn.Dialer{Proactor: p}}
}

// noneLeft fails the test if there remain more goroutines than before.
func noneLeft(t *testing.T, before int) {
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines are left, of %d before:\n%s", runtime.NumGoroutine(), before, stacks())
		}
	}
}

// wait fails the test, with all goroutines in the log, if f does not return.
func wait(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s has not returned for %v\n%s", what, patience, stacks())
	}
}

// later calls f in a goroutine.
func later(f func() error) (result chan error) {
	result = make(chan error, 1)
	go func() { result <- f() }()
	return result
}

// want waits for the result of what was called with later.
func want(t *testing.T, what string, result chan error) (err error) {
	t.Helper()
	wait(t, what, func() { err = <-result })
	return err
}

// soon returns a context that ends before the patience of the tests.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until calls f until it reports true.
func until(t *testing.T, what string, f func() (bool, error)) {
	t.Helper()
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		ok, err := f()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not for %v\n%s", what, patience, stacks())
		}
	}
}

func stacks() string {
	var all strings.Builder
	pprof.Lookup("goroutine").WriteTo(&all, 1)
	return all.String()
}
