package ops_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// connected returns a proactor and a connection within it.
func connected() (p *platform.Proactor, client, server *platform.Conn) {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	client, server = joined(p)
	return p, client, server
}

// joined returns both ends of a connection within p.
func joined(p *platform.Proactor) (client, server *platform.Conn) {
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	client, server = new(platform.Conn), new(platform.Conn)
	mustWork := ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			log.Fatal(err)
		}
	})
	l.Accept(server, mustWork)
	p.Connect(client, "tcp", l.Addr().String(), mustWork)
	p.Run(context.Background())
	l.Close()
	return client, server
}

// A chain of operations on one session. Each handler is a pointer to the
// session under another name, so that starting an operation allocates nothing.
func ExampleHandler() {
	p, client, server := connected()
	defer p.Close()

	s := &session{conn: server}
	server.Read(s.buf[:], (*onRead)(s))

	reply := make([]byte, 5)
	client.Write([]byte("hello"), ops.HandlerFunc(func(int, error) {
		ops.ReadFull(client, reply, ops.HandlerFunc(func(int, error) {
			fmt.Printf("client: %s\n", reply)
			client.Close()
		}))
	}))
	p.Run(context.Background())
	// Output:
	// client: hello
	// server: EOF
}

type session struct {
	conn *platform.Conn
	buf  [512]byte
}

type onRead session

func (s *onRead) Complete(n int, err error) {
	if err != nil {
		fmt.Println("server:", err)
		s.conn.Close()
		return
	}
	ops.WriteFull(s.conn, s.buf[:n], (*onWritten)(s))
}

type onWritten session

func (s *onWritten) Complete(_ int, err error) {
	if err == nil {
		s.conn.Read(s.buf[:], (*onRead)(s))
	}
}

// A function as a handler, for something that happens once.
func ExampleHandlerFunc() {
	p, client, server := connected()
	defer p.Close()

	var greeting [5]byte
	ops.ReadFull(client, greeting[:], ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("read %d bytes: %s\n", n, greeting[:n])
	}))
	ops.WriteFull(server, []byte("hello"), ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	// Output: read 5 bytes: hello
}

// Operations as a type argument: the memory of a whole chain is one block that
// its allocator keeps.
func ExampleOperation() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	stats := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	slot := combinators.NewSingleSlot[ops.Operation](stats)

	left := 1000
	var h ops.Handler
	h = ops.WithAllocator(ops.HandlerFunc(func(int, error) {
		if left--; left > 0 {
			ops.Post(p, h)
		}
	}), slot)
	ops.Post(p, h)
	p.Run(context.Background())

	fmt.Println("operations:", 1000)
	fmt.Println("blocks:", stats.Counts().Total)
	// Output:
	// operations: 1000
	// blocks: 1
}

// A request that the user cancels.
func ExampleCancelSlot() {
	p, client, _ := connected()
	defer p.Close()

	var giveUp ops.CancelSlot
	answer := ops.HandlerFunc(func(n int, err error) {
		fmt.Println("answer:", n, err)
		fmt.Println("a context's error:", errors.Is(err, context.Canceled))
	})
	client.Read(make([]byte, 100), ops.WithCancelSlot(answer, &giveUp))

	p.NewTimer().Wait(time.Millisecond, ops.HandlerFunc(func(int, error) {
		giveUp.Cancel()
	}))
	p.Run(context.Background())
	// Output:
	// answer: 0 ops: operation canceled
	// a context's error: true
}

// A stream that is not a socket: tests decide what is read from it.
func ExampleReader() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	r := &canned{p, strings.NewReader("a line of text")}
	word := make([]byte, 6)
	ops.ReadFull(r, word, ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("%q %v\n", word[:n], err)
	}))
	p.Run(context.Background())
	// Output: "a line" <nil>
}

// canned makes an ops.Reader of an io.Reader that does not block.
type canned struct {
	ops.Executor
	from io.Reader
}

func (c *canned) StartRead(op *ops.Operation) {
	if op.Err == nil {
		op.N, op.Err = c.from.Read(op.Buf)
	}
	c.Execute(op) // the handler is called later, never from here
}

// A stream that takes only a few bytes at a time: tests can check that a program
// copes with a slow peer.
func ExampleWriter() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	w := &trickle{Executor: p}
	ops.WriteFull(w, []byte("hello world"), ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("wrote %d bytes in %d parts: %s\n", n, w.parts, w.to.String())
	}))
	p.Run(context.Background())
	// Output: wrote 11 bytes in 4 parts: hello world
}

type trickle struct {
	ops.Executor
	to    strings.Builder
	parts int
}

func (t *trickle) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		t.parts++
		op.N, op.Err = t.to.Write(op.Buf[:min(3, len(op.Buf))])
	}
	t.Execute(op)
}

// A custom executor: the main loop of a program with windows, in which handlers
// have to run.
func ExampleExecutor() {
	var ui mainLoop
	ops.Post(&ui, ops.HandlerFunc(func(int, error) { fmt.Println("draw the window") }))
	ops.Post(&ui, ops.HandlerFunc(func(int, error) {
		fmt.Println("button pressed")
		ops.Post(&ui, ops.HandlerFunc(func(int, error) { fmt.Println("draw the window again") }))
	}))
	ui.run()
	// Output:
	// draw the window
	// button pressed
	// draw the window again
}

type mainLoop struct{ first, last *ops.Operation }

func (l *mainLoop) Execute(op *ops.Operation) {
	if op.Next = nil; l.first == nil {
		l.first = op
	} else {
		l.last.Next = op
	}
	l.last = op
}

func (l *mainLoop) run() {
	for l.first != nil {
		op := l.first
		l.first = op.Next
		op.Complete()
	}
}

// A handler type with an allocator of its own.
func ExampleAssociated() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	j := &job{slot: combinators.NewSingleSlot[ops.Operation](allocator.Heap[ops.Operation]{})}
	ops.Post(p, j)
	p.Run(context.Background())
	fmt.Println(ops.AllocatorOf[ops.Operation](j, nil) == j.slot)
	// Output:
	// done
	// true
}

type job struct {
	slot allocator.Allocator[ops.Operation]
}

func (j *job) Complete(int, error)                           { fmt.Println("done") }
func (j *job) Allocator() allocator.Allocator[ops.Operation] { return j.slot }

// A wrapper that traces the inner handler. Because of Unwrap, what is associated
// with that one stays associated: here, its allocator.
func ExampleUnwrapper() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	stats := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	inner := ops.WithAllocator(ops.HandlerFunc(func(int, error) { fmt.Println("working") }), stats)
	ops.Post(p, traced{"job", inner})
	p.Run(context.Background())
	fmt.Println("blocks of the inner allocator:", stats.Counts().Total)
	// Output:
	// job begins
	// working
	// job ends
	// blocks of the inner allocator: 1
}

type traced struct {
	name  string
	inner ops.Handler
}

func (t traced) Unwrap() ops.Handler { return t.inner }

func (t traced) Complete(n int, err error) {
	fmt.Println(t.name, "begins")
	t.inner.Complete(n, err)
	fmt.Println(t.name, "ends")
}

// A handler that owns something: Abandon tells it to release that when its
// operation is abandoned because the proactor was closed.
func ExampleAbandoner() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	p.NewTimer().Wait(time.Hour, &lease{"the license"})
	p.Close()
	// Output: the license is given back
}

type lease struct{ what string }

func (l *lease) Complete(int, error) { fmt.Println(l.what, "has run out") }
func (l *lease) Abandon()            { fmt.Println(l.what, "is given back") }

// A handler type that brings its cancel slot, so that its operation can be
// cancelled wherever the session is at hand.
func ExampleCancelable() {
	p, client, _ := connected()
	defer p.Close()

	d := &download{}
	client.Read(make([]byte, 1<<10), d)
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		fmt.Println("cancelled something:", d.cancel.Cancel())
	}))
	p.Run(context.Background())
	// Output:
	// cancelled something: true
	// download: ops: operation canceled
}

type download struct{ cancel ops.CancelSlot }

func (d *download) Complete(_ int, err error)   { fmt.Println("download:", err) }
func (d *download) CancelSlot() *ops.CancelSlot { return &d.cancel }

// A mailbox: its receivers wait as operations, and can be cancelled like reads
// on a socket.
func ExampleCanceler() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	m := &mailbox{executor: p}
	var giveUp ops.CancelSlot
	receiver := func(who string) ops.Handler {
		return ops.HandlerFunc(func(n int, err error) { fmt.Println(who, n, err) })
	}
	m.receive(ops.WithCancelSlot(receiver("first:"), &giveUp))
	giveUp.Cancel()
	m.receive(receiver("second:"))
	m.send(42)
	p.Run(context.Background())
	// Output:
	// first: 0 ops: operation canceled
	// second: 42 <nil>
}

// A mailbox holds one receiver, and is used by one goroutine.
type mailbox struct {
	executor ops.Executor
	waiting  *ops.Operation
}

func (m *mailbox) receive(h ops.Handler) {
	op := ops.Begin(h, nil)
	if op.Err != nil { // there was no memory for it
		m.executor.Execute(op)
		return
	}
	m.waiting = op
	if !op.Arm(m) {
		m.end(0, ops.ErrCanceled)
	}
}

func (m *mailbox) send(n int) { m.end(n, nil) }

// CancelOperation implements ops.Canceler.
func (m *mailbox) CancelOperation(s *ops.CancelSlot) {
	if s.Requested(m) != nil { // then it is the one that waits
		m.end(0, ops.ErrCanceled)
	}
}

func (m *mailbox) end(n int, err error) {
	op := m.waiting
	m.waiting = nil
	op.Disarm()
	op.N, op.Err = n, err
	m.executor.Execute(op)
}

// Two chains that share a counter: their handlers run on one strand, so they
// need no lock, however many goroutines run the proactor.
func ExampleStrand() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	strand := ops.NewStrand(p)
	count := 0
	for range 2 {
		left := 1000
		var h ops.HandlerFunc
		h = func(int, error) {
			count++
			if left--; left > 0 {
				ops.Post(strand, h)
			}
		}
		ops.Post(strand, h)
	}
	var runners sync.WaitGroup
	for range 4 {
		runners.Go(func() { p.Run(context.Background()) })
	}
	runners.Wait()
	fmt.Println(count)
	// Output: 2000
}

// A custom composed operation: reading a message that begins with its
// length. The state lives in a frame until the handler is called.
func ExampleFrame() {
	p, client, server := connected()
	defer p.Close()

	message := make([]byte, 100)
	ops.Compose(p, ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("%q %v\n", message[:n], err)
	}), reading{from: server, into: message}, readMessage)

	ops.WriteFull(client, []byte("\x05hello, and the rest"), ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	// Output: "hello" <nil>
}

type reading struct {
	from  ops.Reader
	into  []byte
	parts int
}

func readMessage(f *ops.Frame[reading], n int, err error) {
	s := &f.State
	s.parts++
	switch {
	case err == io.EOF && s.parts == 3:
		f.Return(0, io.ErrUnexpectedEOF)
	case err != nil:
		f.Return(0, err)
	case s.parts == 1:
		ops.ReadFull(s.from, s.into[:1], f)
	case s.parts == 2 && int(s.into[0]) > len(s.into):
		f.Return(0, errors.New("a message that is too long"))
	case s.parts == 2:
		ops.ReadFull(s.from, s.into[:s.into[0]], f)
	default:
		f.Return(n, nil)
	}
}

// A handler type whose operations may take no longer than a session allows.
func ExampleTimed() {
	p, client, _ := connected()
	defer p.Close()

	client.Read(make([]byte, 1), &patient{limit: time.Millisecond})
	p.Run(context.Background())
	// Output: timed out: true
}

type patient struct{ limit time.Duration }

func (p *patient) Timeout() time.Duration { return p.limit }
func (p *patient) Complete(_ int, err error) {
	fmt.Println("timed out:", errors.Is(err, os.ErrDeadlineExceeded))
}

// A handler type that says where it runs: here, in the main loop of a program
// with windows, though its operation ends on the proactor.
func ExampleLocated() {
	p, client, server := connected()
	defer p.Close()

	var ui mainLoop
	client.Read(make([]byte, 5), &view{&ui})
	ops.WriteFull(server, []byte("hello"), ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	fmt.Println("the proactor is done")
	ui.run()
	// Output:
	// the proactor is done
	// show 5 bytes
}

type view struct{ ui *mainLoop }

func (v *view) Executor() ops.Executor    { return v.ui }
func (v *view) Complete(n int, err error) { fmt.Println("show", n, "bytes") }

// An executor in which urgent operations go first.
func ExampleUrgent() {
	var q lanes
	say := func(what string) ops.Handler {
		return ops.HandlerFunc(func(int, error) { fmt.Println(what) })
	}
	ops.Post(&q, say("the mail"))
	ops.Dispatch(&q, say("an alarm"))
	ops.Defer(&q, say("cleaning up"))
	q.run()
	// Output:
	// an alarm
	// the mail
	// cleaning up
}

// lanes keeps its operations in three orders of urgency.
type lanes struct{ urgent, normal, patient mainLoop }

func (l *lanes) Execute(op *ops.Operation)      { l.normal.Execute(op) }
func (l *lanes) ExecuteNext(op *ops.Operation)  { l.urgent.Execute(op) }
func (l *lanes) ExecuteAfter(op *ops.Operation) { l.patient.Execute(op) }

func (l *lanes) run() {
	l.urgent.run()
	l.normal.run()
	l.patient.run()
}

// An executor that runs deferred operations when it is idle.
func ExamplePatient() {
	var q lanes
	ops.Defer(&q, ops.HandlerFunc(func(int, error) { fmt.Println("when nothing else waits") }))
	ops.Post(&q, ops.HandlerFunc(func(int, error) { fmt.Println("in turn") }))
	q.run()
	// Output:
	// in turn
	// when nothing else waits
}

// A wrapper that says whether the inner handler can be cancelled at all.
func ExampleCancelSlotOf() {
	d := &download{}
	h := ops.WithTimeout(d, time.Second)
	fmt.Println(ops.CancelSlotOf(h) == &d.cancel)
	fmt.Println(ops.CancelSlotOf(ops.HandlerFunc(func(int, error) {})) == nil)
	// Output:
	// true
	// true
}

// A custom operation: it gets a value from a cache, which may be there already. Even then
// the handler is called later, and its operation takes one block of its allocator.
func ExampleBegin() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	sizes := map[string]int{"a": 100}
	lookUp := func(key string, h ops.Handler) {
		op := ops.Begin(h, p.Allocator())
		if op.Err == nil { // there was memory for it
			var ok bool
			if op.N, ok = sizes[key]; !ok {
				op.Err = os.ErrNotExist
			}
		}
		p.Execute(op)
	}
	for _, key := range []string{"a", "b"} {
		lookUp(key, ops.HandlerFunc(func(n int, err error) { fmt.Println(key, n, err) }))
	}
	fmt.Println("looked up")
	p.Run(context.Background())
	// Output:
	// looked up
	// a 100 <nil>
	// b 0 file does not exist
}

// What an executor or a platform sees of an operation, in a log.
func ExampleControlBlock() {
	p, client, server := connected()
	defer p.Close()

	h := ops.WithExecutor(ops.HandlerFunc(func(int, error) {}), logging{p})
	client.Read(make([]byte, 10), h)
	ops.WriteFull(server, []byte("hello"), h)
	p.Run(context.Background())
	// Unordered output:
	// read: 5 bytes, <nil>
	// write: 5 bytes, <nil>
}

type logging struct{ ops.Executor }

func (l logging) Execute(op *ops.Operation) {
	b := &op.ControlBlock
	fmt.Printf("%v: %d bytes, %v\n", b.Kind, b.N, b.Err)
	l.Executor.Execute(op)
}
