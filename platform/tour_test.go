package platform_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A tour is a small server and its client on one proactor, which use each kind of
// operation once, and each way to combine them: step after step, of which the last handler
// starts the next one. After a failure it closes everything and ends.
//
// Each operation has an allocator of its own, so its handler sees whether the memory was
// released first.
type tour struct {
	w     *world
	steps []tourStep

	mu      sync.Mutex
	all     []*leg
	step    int
	left    int // legs of the step that have not ended
	ended   bool
	failed  bool
	handled int // handlers that were called

	// after is called by each handler, last, with how many there were.
	after func(handled int)

	l        *platform.Listener
	a, b     *platform.Conn
	from, to *platform.PacketConn
	f        *platform.File
	timer    *platform.Timer
	closers  []func()

	arrived []byte
	slot    ops.CancelSlot
	batch   ops.Batch
	members [2]ops.Member
}

// A tourStep starts some operations, each with a leg as its handler.
type tourStep struct {
	name  string
	start func(u *tour)
}

// A leg is the handler of an operation.
type leg struct {
	counting
	u         *tour
	name      string
	want      error
	calls     int
	n         int
	err       error
	abandoned int
	kept      bool // a block was alive when the handler was called, or told of its end
}

func (u *tour) leg(name string) *leg { return u.legFor(name, nil) }

// legFor returns a handler for an operation that is to end with an error.
func (u *tour) legFor(name string, want error) *leg {
	g := &leg{u: u, name: name, want: want}
	u.all = append(u.all, g)
	u.left++
	return g
}

// Complete implements ops.Handler.
func (g *leg) Complete(n int, err error) {
	kept := g.alive() > 0
	u := g.u
	u.mu.Lock()
	g.calls++
	g.n, g.err, g.kept = n, err, g.kept || kept
	u.left--
	u.handled++
	handled := u.handled
	switch {
	case u.failed || !errors.Is(err, g.want):
		u.failed = true
		u.close() // again, if it was: an accept that had ended by then has opened its Conn since
	case u.left == 0:
		u.next()
	}
	u.mu.Unlock()
	if u.after != nil {
		u.after(handled)
	}
}

// Abandon implements ops.Abandoner.
func (g *leg) Abandon() {
	kept := g.alive() > 0
	g.u.mu.Lock()
	defer g.u.mu.Unlock()
	g.abandoned++
	g.kept = g.kept || kept
}

// handler returns g as a handler that takes memory from g.
func (g *leg) handler() ops.Handler { return ops.WithAllocator(g, &g.counting) }

// op is a leg as a handler.
func (u *tour) op(name string) ops.Handler { return u.leg(name).handler() }

// next starts the next step. The caller holds the lock.
func (u *tour) next() {
	if u.step == len(u.steps) {
		u.ended = true
		u.close()
		return
	}
	s := u.steps[u.step]
	u.step++
	s.start(u)
}

// close closes everything that is open.
func (u *tour) close() {
	for _, c := range slices.Backward(u.closers) {
		c()
	}
}

// tour returns a tour that was begun.
func (w *world) tour(after func(handled int)) *tour {
	w.t.Helper()
	u := &tour{w: w, steps: tourSteps, after: after}
	u.l = w.listen("tcp", "127.0.0.1:0")
	u.from, u.to = w.packets("udp4", "127.0.0.1:0"), w.packets("udp4", "127.0.0.1:0")
	f, err := w.OpenFile(filepath.Join(w.t.TempDir(), "file"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	u.f, u.a, u.b, u.timer = f, new(platform.Conn), new(platform.Conn), w.NewTimer()
	u.closers = []func(){
		func() { u.l.Close() }, func() { u.from.Close() }, func() { u.to.Close() }, func() { u.f.Close() },
		func() { u.a.Close() }, func() { u.b.Close() }, u.timer.Cancel,
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.next()
	return u
}

// check checks that all legs have ended, each once, and that their memory was released
// before they were told. If the proactor was closed they may have been abandoned.
func (u *tour) check(t *testing.T, closed bool) {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, g := range u.all {
		told := g.calls + g.abandoned
		if told != 1 || g.abandoned > 0 && !closed {
			t.Errorf("%s: %d calls, the last with (%d, %v), and abandoned %d times", g.name, g.calls, g.n, g.err, g.abandoned)
		}
		if g.kept {
			t.Errorf("%s: the block was not released when the handler was told", g.name)
		}
		g.counting.check(t)
	}
}

// whole checks that the tour came to its end.
func (u *tour) whole(t *testing.T) {
	t.Helper()
	u.check(t, false)
	if !u.ended {
		t.Errorf("the tour has ended in step %d, %s: %s", u.step, u.steps[u.step-1].name, u.errors())
	}
}

// errors returns what the handlers were told that is no success.
func (u *tour) errors() string {
	var all []string
	for _, g := range u.all {
		if g.calls > 0 && !errors.Is(g.err, g.want) {
			all = append(all, fmt.Sprintf("%s: (%d, %v)", g.name, g.n, g.err))
		}
	}
	return strings.Join(all, ", ")
}

// tourSteps are the steps of a tour. What only some systems have joins them.
var tourSteps = []tourStep{
	{"connect", func(u *tour) {
		u.l.Accept(u.a, u.op("accept"))
		u.w.Connect(u.b, "tcp", u.l.Addr().String(), u.op("connect"))
	}},
	{"read before write", func(u *tour) {
		u.a.Read(make([]byte, 10), u.op("read"))
		u.b.Write([]byte("abc"), u.op("write"))
	}},
	{"read in vain", func(u *tour) {
		u.a.Read(make([]byte, 10), ops.WithTimeout(u.legFor("timeout", os.ErrDeadlineExceeded).handler(), time.Nanosecond))
		u.a.Read(make([]byte, 10), ops.WithCancelSlot(u.legFor("cancelled", ops.ErrCanceled).handler(), &u.slot))
		u.slot.Cancel()
	}},
	{"vectored", func(u *tour) {
		u.b.ReadVectored([][]byte{make([]byte, 2), make([]byte, 10)}, u.op("read vectored"))
		u.a.WriteVectored([][]byte{{1}, {2, 3}}, u.op("write vectored"))
	}},
	{"drain", func(u *tour) { // a portable backend has filled the first buffer only
		rest := 3 - u.all[len(u.all)-2].n
		u.a.Write([]byte{4}, u.op("write"))
		ops.ReadFull(u.b, make([]byte, rest+1), u.op("read the rest"))
	}},
	{"wait readable", func(u *tour) {
		u.a.WaitReadable(u.op("wait readable"))
		u.b.Write([]byte("abc"), u.op("write"))
	}},
	{"read what waits", func(u *tour) { ops.ReadFull(u.a, make([]byte, 3), u.op("read")) }},
	{"read on arrival", func(u *tour) {
		ops.ReadOnArrival(u.a, 100, &u.arrived, u.op("read on arrival"))
		u.b.Write([]byte("abc"), u.op("write"))
	}},
	{"packet", func(u *tour) {
		u.to.ReadFrom(make([]byte, 10), nil, u.op("read from"))
		u.from.WriteTo([]byte("abc"), addrOf(u.to), u.op("write to"))
	}},
	{"packets", func(u *tour) {
		u.to.ReadBatch([]platform.Packet{{Buf: make([]byte, 10)}}, u.op("read batch"))
		u.from.WriteBatch([]platform.Packet{{Buf: []byte("abc"), Peer: addrOf(u.to)}}, u.op("write batch"))
	}},
	{"write a file", func(u *tour) {
		u.f.WriteAt([]byte("abc"), 0, u.op("write at"))
		u.f.Sync(u.op("sync"))
	}},
	{"read a file", func(u *tour) { u.f.ReadAt(make([]byte, 10), 0, u.op("read at")) }},
	{"send a file", func(u *tour) {
		u.a.SendFile(u.f, 0, 3, u.op("send file"))
		ops.ReadFull(u.b, make([]byte, 3), u.op("read"))
	}},
	{"wait", func(u *tour) { u.timer.Wait(time.Nanosecond, u.op("wait")) }},
	{"strand", func(u *tour) {
		s := ops.NewStrand(u.w)
		for i := range 3 {
			ops.Post(s, u.op(fmt.Sprint("post to a strand ", i)))
		}
		u.b.Write([]byte{1}, ops.WithExecutor(u.op("write to a strand"), s))
		u.a.Read(make([]byte, 1), ops.WithExecutor(u.op("read to a strand"), s))
	}},
	{"compose", func(u *tour) {
		ops.Compose(u.w, u.op("compose"), u, func(f *ops.Frame[*tour], n int, err error) {
			if n == 0 && err == nil {
				f.State.b.Write([]byte{1}, f)
				return
			}
			f.Return(n, err)
		})
		u.a.Read(make([]byte, 1), u.op("read"))
	}},
	{"batch", func(u *tour) {
		u.batch.Start(u.members[:], ops.UntilFirst, u.leg("batch"))
		u.a.Read(make([]byte, 1), &u.members[0])
		u.timer.Wait(time.Hour, &u.members[1])
		u.b.Write([]byte{1}, u.op("write"))
	}},
	{"write queue", func(u *tour) {
		q := ops.NewWriteQueue(u.a, 100)
		for i := range 3 {
			q.Write([]byte{byte(i)}, u.op(fmt.Sprint("queued write ", i)))
		}
		ops.ReadFull(u.b, make([]byte, 3), u.op("read"))
	}},
	{"post", func(u *tour) {
		ops.Post(u.w, u.op("post"))
		ops.Dispatch(u.w, u.op("dispatch"))
	}},
	{"end", func(u *tour) {
		u.a.Read(make([]byte, 1), u.legFor("read the end", io.EOF).handler())
		if err := u.b.CloseWrite(); err != nil {
			u.w.t.Error(err)
		}
	}},
	{"close", func(u *tour) {
		u.b.Read(make([]byte, 1), u.legFor("read what is closed", net.ErrClosed).handler())
		u.l.Accept(new(platform.Conn), u.legFor("accept what is closed", net.ErrClosed).handler())
		u.b.Close()
		u.l.Close()
	}},
}

// TestTour makes a tour with nothing in its way.
func TestTour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 3 {
			u := w.tour(nil)
			w.run()
			u.whole(t)
		}
	})
}
