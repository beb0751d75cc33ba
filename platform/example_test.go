package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// fatal is what the examples do with an error that they do not expect.
func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// An echo server and a client of it. Each session is one chain of operations,
// and its memory is the slot that lies in it.
func Example() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	accept(l)

	var c platform.Conn
	reply := make([]byte, 5)
	p.Connect(&c, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		ops.WriteFull(&c, []byte("hello"), ops.HandlerFunc(func(int, error) {
			ops.ReadFull(&c, reply, ops.HandlerFunc(func(int, error) {
				fmt.Printf("%s\n", reply)
				c.Close()
				l.Close()
			}))
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output: hello
}

type session struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [1024]byte
}

// accept starts a session with the next connection, and then another.
func accept(l *platform.Listener) {
	s := new(session)
	l.Accept(&s.conn, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			return // the listener was closed
		}
		s.conn.Read(s.buf[:], (*onRead)(s))
		accept(l)
	}))
}

type onRead session

func (s *onRead) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onRead) Complete(n int, err error) {
	if err != nil {
		s.conn.Close()
		return
	}
	ops.WriteFull(&s.conn, s.buf[:n], (*onWritten)(s))
}

type onWritten session

func (s *onWritten) Allocator() allocator.Allocator[ops.Operation] { return &s.slot }

func (s *onWritten) Complete(_ int, err error) {
	if err != nil {
		s.conn.Close()
		return
	}
	s.conn.Read(s.buf[:], (*onRead)(s))
}

// Run until there is nothing left to do, or until a context is done.
func ExampleProactor() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()

	ops.Post(p, ops.HandlerFunc(func(int, error) { fmt.Println("posted") }))
	fmt.Println("out of work:", p.Run(context.Background()))

	ctx, cancel := context.WithCancel(context.Background())
	p.NewTimer().Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
	ops.Post(p, ops.HandlerFunc(func(int, error) { cancel() }))
	fmt.Println("an hour too long:", p.Run(ctx))
	// Output:
	// posted
	// out of work: <nil>
	// an hour too long: context canceled
}

// A connection reads and writes at the same time, each with a chain of its own.
func ExampleConn() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	var server, client platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		buf := make([]byte, 100)
		ops.ReadFull(&server, buf, ops.HandlerFunc(func(n int, err error) {
			fmt.Printf("the server read %q and then %v\n", buf[:n], err)
			server.Close()
			l.Close()
		}))
	}))
	p.Connect(&client, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		client.Read(make([]byte, 1), ops.HandlerFunc(func(n int, err error) {
			fmt.Printf("the client read %d bytes and then %v\n", n, err)
			client.Close()
		}))
		ops.WriteFull(&client, []byte("no more questions"), ops.HandlerFunc(func(int, error) {
			client.CloseWrite()
		}))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// the server read "no more questions" and then unexpected EOF
	// the client read 0 bytes and then EOF
}

// A listener on a unix socket, which takes its path with it when it is closed.
func ExampleListener() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	dir, err := os.MkdirTemp("", "")
	fatal(err)
	defer os.RemoveAll(dir)

	path := filepath.Join(dir, "socket")
	l, err := p.Listen("unix", path)
	fatal(err)
	var server, client platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("accepted:", err)
		l.Close()
	}))
	p.Connect(&client, "unix", path, ops.HandlerFunc(func(int, error) {}))
	fatal(p.Run(context.Background()))

	_, err = os.Stat(path)
	fmt.Println("the path is gone:", errors.Is(err, os.ErrNotExist))
	// Output:
	// accepted: <nil>
	// the path is gone: true
}

// A question and its answer, a packet each.
func ExamplePacketConn() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	server, err := p.ListenPacket("udp", "127.0.0.1:0")
	fatal(err)
	client, err := p.ListenPacket("udp", "127.0.0.1:0")
	fatal(err)

	var from netip.AddrPort
	question, answer := make([]byte, 100), make([]byte, 100)
	ignore := ops.HandlerFunc(func(int, error) {})
	server.ReadFrom(question, &from, ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("%s\n", question[:n])
		server.WriteTo([]byte("42"), from, ignore)
	}))
	client.ReadFrom(answer, nil, ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("%s\n", answer[:n])
	}))
	client.WriteTo([]byte("what is it?"), server.LocalAddr().(*net.UDPAddr).AddrPort(), ignore)
	fatal(p.Run(context.Background()))
	// Output:
	// what is it?
	// 42
}

// A timer with a wait that comes again and again, until it is cancelled.
func ExampleTimer() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()

	var t platform.Timer
	t.Init(p)
	ticks := 0
	var tick ops.HandlerFunc
	tick = func(_ int, err error) {
		if err != nil {
			fmt.Println(err)
			return
		}
		ticks++
		fmt.Println("tick", ticks)
		t.Wait(time.Millisecond, tick)
		if ticks == 3 {
			t.Cancel()
		}
	}
	t.Wait(time.Millisecond, tick)
	fatal(p.Run(context.Background()))
	// Output:
	// tick 1
	// tick 2
	// tick 3
	// ops: operation canceled
}

// Work that comes from elsewhere: the proactor is held until no more comes.
func ExampleHold() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()

	hold := p.Hold()
	go func() {
		defer hold.Release()
		for i := range 3 {
			ops.Post(p, ops.HandlerFunc(func(int, error) { fmt.Println("job", i) }))
		}
	}()
	fatal(p.Run(context.Background()))
	// Output:
	// job 0
	// job 1
	// job 2
}

// A proactor with a backend by name, one runner and a bounded number of
// operations.
func ExampleOption() {
	memory := combinators.NewThreadSafe[ops.Operation](combinators.NewRecycling[ops.Operation](allocator.Heap[ops.Operation]{}, 64))
	p, err := platform.New(
		platform.WithBackend("portable"),
		platform.SingleRunner(),
		platform.WithAllocator(memory),
	)
	fatal(err)
	defer p.Close()
	fmt.Println(p.Backend(), p.Allocator() == allocator.Allocator[ops.Operation](memory))
	// Output: portable true
}

// A backend of one's own, here one that has a peer for everybody who swallows
// what is written and has nothing to say: to measure a program without the
// kernel. What completes at once needs no Poll but to wait for timers.
func ExampleBackend() {
	p, err := platform.New(platform.WithCustomBackend(func(*platform.Proactor) (platform.Backend, error) {
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

func (v *void) Start(s *platform.Socket, op *ops.Operation) bool {
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

func (v *void) CloseSocket(s *platform.Socket) error {
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

func (v *void) Name() string                                        { return "void" }
func (v *void) Listen(*platform.Socket, string, string) error       { return errors.ErrUnsupported }
func (v *void) ListenPacket(*platform.Socket, string, string) error { return errors.ErrUnsupported }
func (v *void) Cancel(*platform.Socket, *ops.Operation) bool        { return true }
func (v *void) TryRead(*platform.Socket, []byte) (int, error)       { return 0, io.EOF }
func (v *void) CloseWrite(*platform.Socket) error                   { return nil }
func (v *void) Addr(*platform.Socket, bool) net.Addr                { return nil }
func (v *void) Now() int64                                          { return int64(time.Since(v.start)) }
func (v *void) Shutdown()                                           {}

// What a layer sees of sockets: here, how many of them are read from.
func ExampleSocket() {
	readers := make(map[*platform.Socket]bool)
	p, err := platform.New(platform.SingleRunner(), platform.WithLayer(func(below platform.Backend) platform.Backend {
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
	platform.Backend
	readers map[*platform.Socket]bool
}

func (r readCounter) Start(s *platform.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindRead {
		r.readers[s] = true
	}
	return r.Backend.Start(s, op)
}

// Counting the operations that the kernel has, in a layer that sees them start
// and end.
func ExampleObserver() {
	load := new(load)
	p, err := platform.New(
		platform.SingleRunner(),
		platform.WithBackend("portable"), // where each operation is started once
		platform.WithLayer(func(below platform.Backend) platform.Backend {
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
	platform.Backend
	n int
}

func (l *load) Start(s *platform.Socket, op *ops.Operation) bool {
	ended := l.Backend.Start(s, op)
	if !ended {
		l.n++
	}
	return ended
}

func (l *load) Cancel(s *platform.Socket, op *ops.Operation) bool {
	gone := l.Backend.Cancel(s, op)
	if gone {
		l.n--
	}
	return gone
}

func (l *load) Observe(*ops.Operation) { l.n-- }

// A server that holds no buffer for a connection that has nothing to say: the
// buffer comes from a pool of the handler's when something has arrived, and goes
// back as soon as it was used.
func ExampleConn_WaitReadable() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	pool := combinators.NewStats[byte](combinators.NewRecycling[byte](allocator.Heap[byte]{}, 4))
	var server, client platform.Conn
	var arrived []byte
	var read ops.Handler
	read = ops.WithAllocator[byte](ops.HandlerFunc(func(n int, err error) {
		if err != nil {
			fmt.Println("read:", err)
			server.Close()
			return
		}
		fmt.Printf("read: %q\n", arrived)
		pool.Deallocate(arrived)
		ops.ReadOnArrival(&server, 4096, &arrived, read)
	}), pool)
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		l.Close()
		ops.ReadOnArrival(&server, 4096, &arrived, read)
		fmt.Println("buffers while idle:", pool.Counts().Live)
	}))
	p.Connect(&client, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		ops.WriteFull(&client, []byte("hello"), ops.HandlerFunc(func(int, error) { client.Close() }))
	}))
	fatal(p.Run(context.Background()))
	// Output:
	// buffers while idle: 0
	// read: "hello"
	// read: EOF
}
