package platform_test

import (
	"context"
	"errors"
	"fmt"
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
// whose memory is the slot in the session.
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

// A listener on a unix socket, whose path is removed when it is closed.
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

// A question and its answer, one packet each.
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

// A timer that fires periodically, until it is cancelled.
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

// Work that comes from other goroutines: the proactor is held until no more comes.
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

// A proactor with a named backend, a single runner and a bounded number of
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

// A server that holds no buffer for an idle connection: the buffer comes from a
// pool when something has arrived, and goes back as soon as it was used.
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
