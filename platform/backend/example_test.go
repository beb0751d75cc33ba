package backend_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"os"
	"slices"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A custom backend, for measuring a program without the kernel: each connection has
// a peer that discards what is written and sends nothing. Operations end at once, so
// Poll only waits for timers.
func ExampleBackend() {
	p, err := platform.New(platform.WithCustomBackend(func(backend.Host) (backend.Backend, error) {
		return &void{start: time.Now(), wake: make(chan struct{}, 1)}, nil
	}))
	fatal(err)
	defer p.Close()

	var c platform.Conn
	p.Connect(&c, "tcp", "192.0.2.1:80", ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("connected:", err)
		ops.WriteFull(&c, make([]byte, 1<<20), ops.HandlerFunc(func(n int, err error) {
			fmt.Println("wrote:", n, err)
			c.Read(make([]byte, 1), ops.HandlerFunc(func(n int, err error) {
				fmt.Println("read:", n, err)
				c.Close()
			}))
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// connected: <nil>
	// wrote: 1048576 <nil>
	// read: 0 EOF
	// 1048576 bytes went nowhere
}

type void struct {
	start time.Time
	wake  chan struct{}
}

// voidSocket is what the backend keeps of a socket, in Socket.Sys.
type voidSocket struct{ written int }

func (v *void) Start(s *backend.Socket, op *ops.Operation) bool {
	switch op.Kind {
	case ops.KindConnect:
		s.Sys = new(voidSocket)
	case ops.KindWrite:
		op.N = len(op.Buf)
		s.Sys.(*voidSocket).written += op.N
	case ops.KindRead:
		op.Err = io.EOF
	default:
		op.Err = errors.ErrUnsupported
	}
	return true
}

func (v *void) CloseSocket(s *backend.Socket) error {
	fmt.Println(s.Sys.(*voidSocket).written, "bytes went nowhere")
	s.Sys = nil
	return nil
}

func (v *void) Poll(wait time.Duration) {
	var timeout <-chan time.Time
	if wait >= 0 {
		timeout = time.After(wait)
	}
	select {
	case <-v.wake:
	case <-timeout:
	}
}

func (v *void) Wake() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *void) NewSocket() *backend.Socket   { return new(backend.Socket) }
func (v *void) FreeSocket(s *backend.Socket) {}

func (v *void) Name() string { return "void" }
func (v *void) Listen(*backend.Socket, string, string, backend.ListenOptions) error {
	return errors.ErrUnsupported
}
func (v *void) ListenPacket(*backend.Socket, string, string, backend.ListenOptions) error {
	return errors.ErrUnsupported
}
func (v *void) Cancel(*backend.Socket, *ops.Operation) bool       { return true }
func (v *void) TryRead(*backend.Socket, []byte) (int, error)      { return 0, io.EOF }
func (v *void) TryWrite(_ *backend.Socket, b []byte) (int, error) { return len(b), nil }
func (v *void) CloseWrite(*backend.Socket) error                  { return nil }
func (v *void) Addr(*backend.Socket, bool) net.Addr               { return nil }
func (v *void) Now() int64                                        { return int64(time.Since(v.start)) }
func (v *void) Shutdown()                                         {}

// A layer that counts the sockets that are read from.
func ExampleSocket() {
	readers := make(map[*backend.Socket]bool)
	p, err := platform.New(platform.SingleRunner(), platform.WithLayer(func(below backend.Backend) backend.Backend {
		return readCounter{below, readers}
	}))
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	var server, client platform.Conn
	ignore := ops.HandlerFunc(func(int, error) {})
	l.Accept(&server, ignore)
	p.Connect(&client, "tcp", l.Addr().String(), ignore)
	fatal(p.Run(context.Background()))

	server.Read(make([]byte, 1), ignore)
	server.Read(make([]byte, 1), ignore)
	ops.WriteFull(&client, []byte("ab"), ignore)
	fatal(p.Run(context.Background()))
	fmt.Println("sockets that were read from:", len(readers))
	// Output: sockets that were read from: 1
}

type readCounter struct {
	backend.Backend
	readers map[*backend.Socket]bool
}

func (r readCounter) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindRead {
		r.readers[s] = true
	}
	return r.Backend.Start(s, op)
}

// Counting the operations that are with the kernel, in a layer that sees them start
// and end.
func ExampleObserver() {
	load := new(load)
	p, err := platform.New(
		platform.SingleRunner(),
		platform.WithBackend("portable"), // where each operation is started once
		platform.WithLayer(func(below backend.Backend) backend.Backend {
			load.Backend = below
			return load
		}))
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	var server, client platform.Conn
	ignore := ops.HandlerFunc(func(int, error) {})
	l.Accept(&server, ignore)
	fmt.Println("outstanding:", load.n)
	p.Connect(&client, "tcp", l.Addr().String(), ignore)
	fatal(p.Run(context.Background()))
	fmt.Println("outstanding:", load.n)
	// Output:
	// outstanding: 1
	// outstanding: 0
}

type load struct {
	backend.Backend
	n int
}

func (l *load) Start(s *backend.Socket, op *ops.Operation) bool {
	ended := l.Backend.Start(s, op)
	if !ended {
		l.n++
	}
	return ended
}

func (l *load) Cancel(s *backend.Socket, op *ops.Operation) bool {
	gone := l.Backend.Cancel(s, op)
	if gone {
		l.n--
	}
	return gone
}

func (l *load) Observe(*ops.Operation) { l.n-- }

// Counting what a program asks of the kernel, by kind, in a layer over the
// backend.
func Example_kinds() {
	kinds := make(map[ops.Kind]int)
	p, err := platform.New(platform.SingleRunner(), platform.WithLayer(func(below backend.Backend) backend.Backend {
		return counter{below, kinds}
	}))
	fatal(err)
	defer p.Close()

	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	nothing := ops.HandlerFunc(func(int, error) {})
	var client, server platform.Conn
	l.Accept(&server, nothing)
	p.Connect(&client, "tcp", l.Addr().String(), nothing)
	p.Run(context.Background())
	ops.WriteFull(&client, []byte("hello"), nothing)
	server.Read(make([]byte, 5), nothing)
	p.Run(context.Background())

	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Println(k)
	}
	// Output:
	// accept
	// connect
	// read
	// write
}

type counter struct {
	backend.Backend
	kinds map[ops.Kind]int
}

func (c counter) Start(s *backend.Socket, op *ops.Operation) bool {
	c.kinds[op.Kind]++
	return c.Backend.Start(s, op)
}

// zeros is a backend of files that are endless and full of zeros.
type zeros struct{ *void }

func (zeros) TakeFile(_ *backend.Socket, f *os.File) error { return f.Close() }
func (zeros) CloseSocket(*backend.Socket) error            { return nil }

func (z zeros) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind != ops.KindReadAt {
		return z.void.Start(s, op)
	}
	clear(op.Buf)
	op.N = len(op.Buf)
	return true
}

// A custom backend decides what is in a file.
func ExampleFileBackend() {
	p, err := platform.New(platform.WithCustomBackend(func(backend.Host) (backend.Backend, error) {
		return zeros{&void{start: time.Now(), wake: make(chan struct{}, 1)}}, nil
	}))
	fatal(err)
	defer p.Close()
	f, err := p.OpenFile(os.DevNull, os.O_RDONLY, 0)
	fatal(err)
	f.ReadAt(make([]byte, 100), 1<<40, ops.HandlerFunc(func(n int, err error) { fmt.Println(n, err) }))
	fatal(p.Run(context.Background()))
	// Output: 100 <nil>
}

// A simulated world has files that nobody else sees.
func ExampleFileSystem() {
	world := sim.New(sim.Calm, sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(world.Backend), platform.SingleRunner())
	fatal(err)
	defer p.Close()
	f, err := p.OpenFile("/etc/heirloom", os.O_RDWR|os.O_CREATE, 0)
	fatal(err)
	f.WriteAt([]byte("out of thin air"), 0, ops.HandlerFunc(func(n int, err error) { fmt.Println(n, err) }))
	fatal(p.Run(context.Background()))
	_, err = os.Stat("/etc/heirloom")
	fmt.Println(os.IsNotExist(err))
	// Output:
	// 15 <nil>
	// true
}
