package iocp

import (
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// told is a host that keeps what it is told.
type told struct {
	ops   []*ops.Operation
	ended func(op *ops.Operation) // or nil
	awake func()                  // or nil
}

func (h *told) SingleRunner() bool                  { return false }
func (h *told) Retry(*backend.Socket, backend.Side) {}
func (h *told) Parked() bool                        { return false }
func (h *told) Slept()                              {}

func (h *told) Completed(op *ops.Operation) {
	h.ops = append(h.ops, op)
	if h.ended != nil {
		h.ended(op)
	}
}

func (h *told) Awake() {
	if h.awake != nil {
		h.awake()
	}
}

// A reading is a stream with one byte to read from, or a read of it, on a port that the test
// takes packets from when it likes.
type reading struct {
	*testing.T
	b    *Backend
	host told
	s    *backend.Socket
	peer net.Conn
	op   ops.Operation
}

// newReading connects a stream. If skips is false, a read that ends at once sends a packet, as
// on systems that cannot be told otherwise.
func newReading(t *testing.T, skips bool) *reading {
	t.Helper()
	r := &reading{T: t}
	var err error
	if r.b, err = New(&r.host); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.b.Shutdown)
	r.b.skips = r.b.skips && skips
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var connect ops.Operation
	connect.Kind = ops.KindConnect
	backend.SetAddr(&connect, l.Addr().(*net.TCPAddr).AddrPort())
	r.s = r.b.NewSocket()
	r.s.Class = record.Stream
	if !r.start(&connect) {
		r.await()
	}
	if connect.Err != nil {
		t.Fatal(connect.Err)
	}
	r.host.ops = nil
	if r.peer, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.peer.Close() })
	r.op.Kind, r.op.Buf = ops.KindRead, make([]byte, 2)
	return r
}

// start starts an operation, as the proactor does, and reports whether it has ended.
func (r *reading) start(op *ops.Operation) (ended bool) {
	r.s.Lock()
	defer r.s.Unlock()
	q := &r.s.Queues[backend.SideOf(op.Kind)]
	*q = record.Queue{}
	q.Push(op)
	return r.b.Start(r.s, op)
}

// cancel cancels the read and reports whether the backend has let go of it.
func (r *reading) cancel() bool {
	r.s.Lock()
	defer r.s.Unlock()
	return r.b.Cancel(r.s, &r.op)
}

func (r *reading) close() {
	r.s.Lock()
	defer r.s.Unlock()
	if err := r.b.CloseSocket(r.s); err != nil {
		r.Error(err)
	}
}

// send has the byte arrive.
func (r *reading) send() {
	if _, err := r.peer.Write([]byte("x")); err != nil {
		r.Fatal(err)
	}
}

// arrive has the byte arrive, and waits until it has.
func (r *reading) arrive() {
	r.Helper()
	r.send()
	var wait ops.Operation
	wait.Kind = ops.KindWaitReadable
	if !r.start(&wait) {
		r.await()
	}
	r.host.ops = nil
}

// take takes a packet out of the port, and leaves it to the next Poll to report it.
func (r *reading) take() {
	r.Helper()
	if r.b.collect(time.Minute); r.b.n != 1 {
		r.Fatalf("%d packets have come, want 1", r.b.n)
	}
}

// noPacket checks that there is none to take.
func (r *reading) noPacket() {
	r.Helper()
	if r.b.collect(0); r.b.n != 0 {
		r.Errorf("%d packets are left", r.b.n)
	}
}

// await polls until an operation was reported.
func (r *reading) await() {
	r.Helper()
	for before, end := len(r.host.ops), time.Now().Add(time.Minute); len(r.host.ops) == before; {
		if time.Now().After(end) {
			r.Fatal("nothing is reported")
		}
		r.b.Poll(time.Second)
	}
}

// cancelKept cancels the read, which the backend has to keep.
func (r *reading) cancelKept() {
	r.Helper()
	if r.cancel() {
		r.Error("the backend lets go of a read whose packet is to come")
	}
}

// TestMoments has two things come at the same moment, of which both orders are possible, and
// chooses one. Whatever the order, the read is reported once, and a byte that it has taken is
// not lost.
func TestMoments(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r *reading)
		n    int // of bytes that the read is told
		err  error
	}{
		{"cancelled before there is a packet", func(r *reading) {
			r.start(&r.op)
			r.cancelKept()
			r.await()
		}, 0, ops.ErrCanceled},
		{"cancelled twice", func(r *reading) {
			r.start(&r.op)
			r.cancelKept()
			r.cancelKept()
			r.await()
		}, 0, ops.ErrCanceled},
		{"cancelled when its packet was taken", func(r *reading) {
			r.start(&r.op)
			r.send()
			r.take()
			r.cancelKept()
			r.await()
		}, 1, nil},
		{"cancelled while it is reported", func(r *reading) {
			r.host.ended = func(*ops.Operation) { r.cancelKept() }
			r.start(&r.op)
			r.send()
			r.await()
		}, 1, nil},
		{"cancelled, and started again when that was reported", func(r *reading) {
			r.start(&r.op)
			r.cancelKept()
			r.await()
			if r.op.Err != ops.ErrCanceled || len(r.host.ops) != 1 {
				r.Errorf("the first read is told %v, and %d were reported", r.op.Err, len(r.host.ops))
			}
			r.host.ops, r.op.Err = nil, nil
			r.start(&r.op)
			r.send()
			r.await()
		}, 1, nil},
		{"closed with the read under way", func(r *reading) {
			r.start(&r.op)
			r.cancelKept()
			r.close()
			r.await()
		}, 0, ops.ErrCanceled},
		{"closed without a cancel", func(r *reading) {
			r.start(&r.op)
			r.close()
			r.await()
		}, 0, ops.ErrCanceled},
		{"closed when its packet was taken", func(r *reading) {
			r.start(&r.op)
			r.send()
			r.take()
			r.cancelKept()
			r.close()
			r.await()
		}, 1, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReading(t, true)
			c.do(r)
			r.once(c.n, c.err)
		})
	}
}

// once checks that the read was reported once, and that no packet is left.
func (r *reading) once(n int, err error) {
	r.Helper()
	r.noPacket()
	if len(r.host.ops) != 1 || r.host.ops[0] != &r.op {
		r.Errorf("%d operations were reported, want the read", len(r.host.ops))
	}
	if r.op.N != n || r.op.Err != err || n > 0 && r.op.Buf[0] != 'x' {
		r.Errorf("the read is told %d, %v, and has %q; want %d, %v", r.op.N, r.op.Err, r.op.Buf, n, err)
	}
	r.close()
	r.b.FreeSocket(r.s)
}

// TestPacketBeforeReturn has another goroutine take the packet of a read before the call that
// makes it has returned. The packet waits for the lock of the socket, and is not dropped.
func TestPacketBeforeReturn(t *testing.T) {
	r := newReading(t, false)
	r.arrive()
	taken, polled := make(chan struct{}), make(chan struct{})
	r.s.Lock()
	r.s.Queues[backend.Reading] = record.Queue{}
	r.s.Queues[backend.Reading].Push(&r.op)
	if r.b.Start(r.s, &r.op) {
		t.Error("the read has ended, and its packet is to come")
	}
	r.host.awake = func() { close(taken) }
	go func() {
		defer close(polled)
		r.b.Poll(time.Minute)
	}()
	<-taken
	if n := len(r.host.ops); n != 0 {
		t.Errorf("%d operations were reported with their socket locked", n)
	}
	r.s.Unlock()
	<-polled
	r.host.awake = nil
	r.once(1, nil)
}

// TestSkipped reads what is there, where no packet comes of that: none is waited for.
func TestSkipped(t *testing.T) {
	r := newReading(t, true)
	if !r.b.skips {
		t.Skip("each call sends a packet here")
	}
	r.arrive()
	if !r.start(&r.op) {
		t.Error("the read has not ended")
	}
	r.noPacket()
	if len(r.host.ops) != 0 || r.op.N != 1 || r.op.Err != nil {
		t.Errorf("the read has %d, %v, and %d were reported", r.op.N, r.op.Err, len(r.host.ops))
	}
	r.close()
	r.b.FreeSocket(r.s)
}
