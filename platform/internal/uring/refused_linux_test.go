package uring_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// reluctant is a kernel that has no memory for requests, a number of times.
type reluctant struct {
	uring.Kernel
	refuses atomic.Int32
}

func (k *reluctant) Enter(fd int, submit uint32, flags uintptr) (uint32, syscall.Errno) {
	if submit > 0 && k.refuses.Add(-1) >= 0 {
		return 0, unix.EAGAIN
	}
	return k.Kernel.Enter(fd, submit, flags)
}

// TestNoMemoryWhileParked has the kernel refuse what is asked of it by others while the runner
// waits for the kernel. Nothing else happens then that would let it be asked again.
func TestNoMemoryWhileParked(t *testing.T) {
	needRing(t)
	k := new(reluctant)
	var host backend.Host
	p, err := platform.New(platform.WithCustomBackend(func(h backend.Host) (backend.Backend, error) {
		host = h
		return uring.Over(k, h)
	}))
	if err != nil {
		t.Fatal(err)
	}
	var runs sync.WaitGroup
	defer runs.Wait()
	defer p.Close()
	defer p.Hold().Release()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	runs.Go(func() { p.Run(context.Background()) })

	// refused does something while the kernel has no memory, and waits for what comes of it.
	refused := func(what string, start func(ops.Handler), then func()) {
		t.Helper()
		end := time.Now().Add(30 * time.Second)
		for !host.Parked() {
			if time.Now().After(end) {
				t.Fatal("the runner does not wait")
			}
			runtime.Gosched()
		}
		k.refuses.Store(2)
		ended := make(chan error, 1)
		start(ops.HandlerFunc(func(_ int, err error) { ended <- err }))
		then()
		select {
		case err := <-ended:
			t.Logf("%s: %v", what, err)
		case <-time.After(time.Until(end)):
			t.Fatalf("%s is not done", what)
		}
	}
	var c platform.Conn
	refused("an accept", func(h ops.Handler) { l.Accept(&c, h) }, func() {})
	b := make([]byte, 1)
	refused("a read", func(h ops.Handler) { c.Read(b, h) }, func() { peer.Write([]byte("x")) })
	refused("a read that is cancelled", func(h ops.Handler) { c.Read(b, h) }, func() { c.Cancel() })
	refused("a read of what is closed", func(h ops.Handler) { c.Read(b, h) }, func() { c.Close() })
}
