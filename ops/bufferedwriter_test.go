package ops_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A sink takes what it is given when it is told to.
type sink struct {
	loop
	waiting []*ops.Operation
	lists   [][][]byte // of those that wait, or nil
	wrote   strings.Builder
	sizes   []int // of the writes
}

func (s *sink) StartWrite(op *ops.Operation) { s.start(op, [][]byte{op.Buf}) }

func (s *sink) start(op *ops.Operation, bufs [][]byte) {
	if op.Err != nil {
		s.Execute(op)
		return
	}
	if len(s.waiting) > 0 {
		panic("two writes at a time")
	}
	s.waiting, s.lists = append(s.waiting, op), append(s.lists, bufs)
}

// take takes up to n bytes of the write that waits, and fails with err.
func (s *sink) take(n int, err error) {
	op, all := s.waiting[0], joinBytes(s.lists[0])
	s.waiting, s.lists = nil, nil
	op.N, op.Err = min(n, len(all)), err
	s.wrote.WriteString(all[:op.N])
	s.sizes = append(s.sizes, op.N)
	s.Execute(op)
	s.run()
}

func joinBytes(bufs [][]byte) string {
	var all strings.Builder
	for _, b := range bufs {
		all.Write(b)
	}
	return all.String()
}

// vectorSink is one that takes lists.
type vectorSink struct{ sink }

func (s *vectorSink) StartWriteVectored(op *ops.Operation, bufs [][]byte) { s.start(op, bufs) }

const everything = 1 << 30

func mustAppend(t *testing.T, b *ops.BufferedWriter, p string) {
	t.Helper()
	if err := b.Append([]byte(p)); err != nil {
		t.Errorf("Append(%q): %v", p, err)
	}
}

// Buffers go back where they came from, also if the next ones come from elsewhere.
func TestBufferedWriterResetToAnotherAllocator(t *testing.T) {
	var s sink
	b := ops.NewBufferedWriter(&s, 100, nil)
	bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
	for _, from := range []allocator.Allocator[byte]{bytes, nil, bytes} {
		mustAppend(t, b, "abc")
		s.take(everything, nil)
		b.Reset(&s, 100, from)
	}
	mustAppend(t, b, "abc")
	s.take(everything, nil)
	if c := bytes.Counts(); c.Live != 0 || c.Total != 2 {
		t.Errorf("%d bytes are alive, of %d blocks; want none, of 2", c.Live, c.Total)
	}
}

// Who wants room for nothing waits for nothing, except for those who came before.
func TestBufferedWriterRoomForNothing(t *testing.T) {
	var s sink
	var j journal
	note := func(name string) ops.Handler { return ops.HandlerFunc(func(int, error) { j.add("%s", name) }) }
	b := ops.NewBufferedWriter(&s, 4, nil)
	mustAppend(t, b, "ab")
	mustAppend(t, b, "cd")
	b.WhenRoom(0, note("0"))
	b.WhenRoom(-1, note("-1"))
	s.run()
	j.check(t, "0", "-1")
	b.WhenRoom(2, note("2"))
	b.WhenRoom(-3, note("-3"))
	b.WhenRoom(3, note("3"))
	s.run()
	j.check(t)
	s.take(everything, nil)
	j.check(t, "2", "-3")
	s.take(everything, nil)
	j.check(t, "3")
	mustPanic(t, "no Writer", func() { new(ops.BufferedWriter).WhenRoom(1, note("none")) })
}

// What is told at once cannot be cancelled any more.
func TestBufferedWriterCanceledTooLate(t *testing.T) {
	for name, test := range map[string]struct {
		wait func(b *ops.BufferedWriter, h ops.Handler)
		want string
	}{
		"Flush of nothing": {func(b *ops.BufferedWriter, h ops.Handler) { b.Flush(h) }, "handler 0 <nil>"},
		"room at once":     {func(b *ops.BufferedWriter, h ops.Handler) { b.WhenRoom(1, h) }, "handler 0 <nil>"},
		"too much room": {func(b *ops.BufferedWriter, h ops.Handler) { b.WhenRoom(5, h) },
			"handler 0 ops: longer than the limit of what may wait to be written: allocator: size too large"},
	} {
		t.Run(name, func(t *testing.T) {
			var s sink
			var j journal
			var slot ops.CancelSlot
			b := ops.NewBufferedWriter(&s, 4, nil)
			test.wait(b, ops.WithCancelSlot(j.handler(), &slot))
			slot.Cancel()
			s.run()
			j.check(t, test.want)
		})
	}
	t.Run("Flush that has ended elsewhere", func(t *testing.T) {
		var s sink
		var j journal
		var there loop
		var slot ops.CancelSlot
		b := ops.NewBufferedWriter(&s, 4, nil)
		mustAppend(t, b, "a")
		b.Flush(ops.WithExecutor(ops.WithCancelSlot(j.handler(), &slot), &there))
		s.take(everything, nil)
		slot.Cancel()
		s.run()
		there.run()
		j.check(t, "handler 0 <nil>")
	})
}

// What was not written when a write failed is gone.
func TestBufferedWriterForgets(t *testing.T) {
	var s sink
	b := ops.NewBufferedWriter(&s, 4, nil)
	mustAppend(t, b, "ab")
	mustAppend(t, b, "cd")
	s.take(0, errMid)
	if n := b.Buffered(); n != 0 {
		t.Errorf("%d bytes wait", n)
	}
	b.Reset(&s, 4, nil)
	mustAppend(t, b, "x")
	s.take(everything, nil)
	if s.wrote.String() != "x" {
		t.Errorf("%q was written", s.wrote.String())
	}
}

func TestBufferedWriterKeepsOrder(t *testing.T) {
	var s sink
	b := ops.NewBufferedWriter(&s, 100, nil)
	mustAppend(t, b, "a")
	mustAppend(t, b, "bc")
	mustAppend(t, b, "")
	mustAppend(t, b, "def")
	if len(s.waiting) != 1 || b.Buffered() != 6 {
		t.Errorf("%d writes, %d bytes", len(s.waiting), b.Buffered())
	}
	s.take(everything, nil)
	s.take(2, nil) // in parts
	mustAppend(t, b, "g")
	s.take(everything, nil)
	s.take(everything, nil)
	if s.wrote.String() != "abcdefg" || fmt.Sprint(s.sizes) != "[1 2 3 1]" || len(s.waiting) != 0 || b.Buffered() != 0 {
		t.Errorf("wrote %q in parts of %v, and %d bytes are left", s.wrote.String(), s.sizes, b.Buffered())
	}
}

func TestBufferedWriterLimit(t *testing.T) {
	var s sink
	var j journal
	b := ops.NewBufferedWriter(&s, 10, nil)
	mustAppend(t, b, "1234")
	mustAppend(t, b, "567890")
	if err := b.Append([]byte("x")); err != ops.ErrQueueFull {
		t.Errorf("Append beyond the limit: %v", err)
	}
	if err := b.Append(make([]byte, 11)); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Append of more than the limit: %v", err)
	}
	room := func(n int, name string) {
		b.WhenRoom(n, ops.HandlerFunc(func(_ int, err error) { j.add("%s %v", name, err) }))
	}
	room(3, "three")
	room(2, "two")
	room(1, "one")
	room(11, "eleven")
	j.check(t)
	s.run()
	j.check(t, "eleven ops: longer than the limit of what may wait to be written: allocator: size too large")
	s.take(4, nil)
	j.check(t, "three <nil>") // and one byte is left for the next, which wants two
	s.take(everything, nil)
	j.check(t, "two <nil>", "one <nil>")
	room(10, "ten")
	room(-1, "none")
	j.check(t)
	s.run()
	j.check(t, "ten <nil>", "none <nil>")
}

func TestBufferedWriterFlush(t *testing.T) {
	var s sink
	var j journal
	b := ops.NewBufferedWriter(&s, 100, nil)
	flush := func(name string) {
		b.Flush(ops.HandlerFunc(func(n int, err error) { j.add("%s %d %v", name, n, err) }))
	}
	flush("nothing")
	j.check(t)
	s.run()
	j.check(t, "nothing 0 <nil>")
	mustAppend(t, b, "a")
	flush("a")
	mustAppend(t, b, "b")
	flush("b")
	flush("b too")
	s.take(everything, nil)
	j.check(t, "a 0 <nil>")
	s.take(everything, nil)
	j.check(t, "b 0 <nil>", "b too 0 <nil>")
}

func TestBufferedWriterFails(t *testing.T) {
	var s sink
	var j journal
	bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
	b := ops.NewBufferedWriter(&s, 10, bytes)
	mustAppend(t, b, "abcd")
	mustAppend(t, b, "efghij")
	b.Flush(j.handler())
	b.WhenRoom(5, j.handler())
	s.take(3, errMid)
	j.check(t, "handler 0 mid-way", "handler 0 mid-way")
	if err := b.Append([]byte("x")); err != errMid {
		t.Errorf("Append after a failure: %v", err)
	}
	b.Flush(j.handler())
	b.WhenRoom(5, j.handler())
	j.check(t)
	s.run()
	j.check(t, "handler 0 mid-way", "handler 0 mid-way")
	if s.wrote.String() != "abc" || b.Written() != 3 || bytes.Counts().Live != 0 || b.Buffered() != 0 {
		t.Errorf("wrote %q and counts %d, %d blocks alive, %d bytes wait", s.wrote.String(), b.Written(), bytes.Counts().Live, b.Buffered())
	}
	b.Reset(&s, 10, bytes)
	mustAppend(t, b, "!")
	s.take(everything, nil)
	if s.wrote.String() != "abc!" || bytes.Counts().Live != 0 {
		t.Errorf("wrote %q, %d blocks alive", s.wrote.String(), bytes.Counts().Live)
	}
}

func TestBufferedWriterCanceled(t *testing.T) {
	var s sink
	var j journal
	var flush, room ops.CancelSlot
	b := ops.NewBufferedWriter(&s, 4, nil)
	mustAppend(t, b, "abcd")
	b.Flush(ops.WithCancelSlot(j.handler(), &flush))
	b.WhenRoom(1, ops.WithCancelSlot(j.handler(), &room))
	b.Flush(j.handler())
	if !room.Cancel() || !flush.Cancel() {
		t.Error("nothing to cancel")
	}
	flush.Cancel()
	j.check(t)
	s.run()
	j.check(t, "handler 0 ops: operation canceled", "handler 0 ops: operation canceled")
	s.take(everything, nil)
	j.check(t, "handler 0 <nil>")
}

// Who waits for little goes on when the one before, who waits for much, is cancelled.
func TestBufferedWriterCanceledBefore(t *testing.T) {
	var s sink
	var j journal
	var much ops.CancelSlot
	b := ops.NewBufferedWriter(&s, 8, nil)
	mustAppend(t, b, "abcd")
	b.WhenRoom(6, ops.WithCancelSlot(j.handler(), &much))
	b.WhenRoom(1, j.handler())
	b.WhenRoom(2, j.handler())
	b.WhenRoom(2, j.handler()) // with the two before it, one byte too many
	much.Cancel()
	j.check(t)
	s.run()
	j.check(t, "handler 0 ops: operation canceled", "handler 0 <nil>", "handler 0 <nil>")
	s.take(everything, nil)
	j.check(t, "handler 0 <nil>")
}

// TestBufferedWriterCanceledAmong cancels one of several that wait, and then lets the others
// end.
func TestBufferedWriterCanceledAmong(t *testing.T) {
	const waiters = 6 // three that wait for room, and three that flush
	for canceled := range waiters {
		var s sink
		var slot ops.CancelSlot
		b := ops.NewBufferedWriter(&s, 4, nil)
		mustAppend(t, b, "abcd")
		told := make([]error, waiters+2)
		ended := make([]int, waiters+2)
		handler := func(i int) ops.Handler {
			h := ops.Handler(ops.HandlerFunc(func(_ int, err error) {
				told[i] = err
				ended[i]++
			}))
			if i == canceled {
				h = ops.WithCancelSlot(h, &slot)
			}
			return h
		}
		for i := range waiters {
			if i%2 == 0 {
				b.WhenRoom(1, handler(i))
			} else {
				b.Flush(handler(i))
			}
		}
		if !slot.Cancel() {
			t.Errorf("%d: there was nothing to cancel", canceled)
		}
		b.WhenRoom(1, handler(waiters))
		b.Flush(handler(waiters + 1))
		s.run()
		s.take(everything, nil)
		for i, n := range ended {
			if (told[i] == ops.ErrCanceled) != (i == canceled) || n != 1 {
				t.Errorf("%d was cancelled, and %d was told %v, %d times", canceled, i, told[i], n)
			}
		}
	}
}

// TestQueuesOfClosedProactor writes to a connection of a proactor that was closed. The memory
// is released at once, and the handlers are told by the next Run.
func TestQueuesOfClosedProactor(t *testing.T) {
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			p := newProactor(t, platform.WithBackend(backend))
			var conn *platform.Conn
			pair(t, p, func(_, c *platform.Conn) { conn = c })
			run(t, p, 1)
			q := ops.NewWriteQueue(conn, 100)
			bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
			w := ops.NewBufferedWriter(conn, 100, bytes)
			p.Close()
			operations := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
			var told []error
			h := ops.WithAllocator(ops.HandlerFunc(func(_ int, err error) { told = append(told, err) }), operations)
			w.Append([]byte("x"))
			for range 3 {
				q.Write([]byte("x"), h)
				w.Flush(h)
				w.WhenRoom(100, h)
			}
			if n, m := operations.Counts().Live, bytes.Counts().Live; n != 0 || m != 0 {
				t.Errorf("%d blocks and %d buffers are live", n, m)
			}
			if err := p.Run(t.Context()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Run: %v", err)
			}
			if len(told) != 9 {
				t.Errorf("%d of 9 handlers were told", len(told))
			}
			for _, err := range told {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("told %v", err)
				}
			}
		})
	}
}

func TestBufferedWriterAbandoned(t *testing.T) {
	var s sink
	bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
	b := ops.NewBufferedWriter(&s, 4, bytes)
	mustAppend(t, b, "ab")
	mustAppend(t, b, "cd")
	abandoned := 0
	b.Flush(&abandonable{t, &abandoned})
	b.WhenRoom(3, &abandonable{t, &abandoned})
	s.waiting[0].Abandon()
	if abandoned != 2 || bytes.Counts().Live != 0 {
		t.Errorf("abandoned %d handlers, %d blocks alive", abandoned, bytes.Counts().Live)
	}
	if err := b.Append([]byte("x")); err != ops.ErrCanceled {
		t.Errorf("Append afterwards: %v", err)
	}
	if n := b.Written(); n != 0 {
		t.Errorf("%d bytes were written", n)
	}
}

// TestBufferedWriterExhausted refuses an allocation at a time.
func TestBufferedWriterExhausted(t *testing.T) {
	var j journal
	for fail := range 6 {
		var s sink
		bytes := combinators.NewFailingAt[byte](allocator.Heap[byte]{}, fail+1, fail+2)
		b := ops.NewBufferedWriter(&s, 1000, bytes)
		want := ""
		for i := range 20 {
			p := strings.Repeat(string(rune('a'+i)), 10)
			switch err := b.Append([]byte(p)); {
			case err == nil:
				want += p
			case !errors.Is(err, allocator.ErrExhausted):
				t.Errorf("Append: %v", err)
			}
		}
		for len(s.waiting) > 0 {
			s.take(7, nil)
		}
		if s.wrote.String() != want {
			t.Errorf("wrote %q, want %q", s.wrote.String(), want)
		}
	}
	var s sink
	b := ops.NewBufferedWriter(&s, 10, nil)
	h := ops.WithAllocator(j.handler(), allocator.Null[ops.Operation]{})
	mustAppend(t, b, "abc")
	b.Flush(h)
	b.WhenRoom(9, h)
	s.run()
	j.check(t, "handler 0 allocator: exhausted", "handler 0 allocator: exhausted")
	s.take(everything, nil)
	j.check(t)
}

func TestBufferedWriterMisuse(t *testing.T) {
	var s sink
	mustPanic(t, "no Writer", func() { ops.NewBufferedWriter(nil, 1, nil) })
	mustPanic(t, "no limit", func() { ops.NewBufferedWriter(&s, 0, nil) })
	b := ops.NewBufferedWriter(&s, 1, nil)
	mustPanic(t, "nil Handler", func() { b.Flush(nil) })
	mustAppend(t, b, "a")
	mustPanic(t, "outstanding", func() { b.Reset(&s, 1, nil) })
	mustPanic(t, "see NewBufferedWriter and Reset", func() { new(ops.BufferedWriter).Append([]byte("a")) })
	mustPanic(t, "see NewBufferedWriter and Reset", func() { new(ops.BufferedWriter).Flush(ops.HandlerFunc(func(int, error) {})) })
	mustPanic(t, "see NewWriteQueue and Reset", func() { new(ops.WriteQueue).Write(nil, ops.HandlerFunc(func(int, error) {})) })
}

// TestBufferedWriterOfManyGoroutines appends numbers from several goroutines: those of
// each come in order, and none is lost.
func TestBufferedWriterOfManyGoroutines(t *testing.T) {
	p := newProactor(t)
	w := &posted{Executor: p}
	b := ops.NewBufferedWriter(w, 64, nil)
	const writers, each = 4, 200
	done := 0
	var mu sync.Mutex
	for i := range writers {
		at := 0
		var more ops.HandlerFunc
		more = func(int, error) {
			for at < each {
				if b.Append([]byte{byte(i), byte(at)}) != nil {
					b.WhenRoom(2, more)
					return
				}
				at++
			}
			b.Flush(ops.HandlerFunc(func(_ int, err error) {
				mu.Lock()
				defer mu.Unlock()
				if done++; err != nil {
					t.Error(err)
				}
			}))
		}
		ops.Post(p, more)
	}
	run(t, p, 3)
	var next [writers]byte
	for i := 0; i < len(w.got); i += 2 {
		if who, n := w.got[i], w.got[i+1]; n != next[who] {
			t.Fatalf("of %d came %d, want %d", who, n, next[who])
		}
		next[w.got[i]]++
	}
	if done != writers || len(w.got) != 2*writers*each {
		t.Errorf("%d flushes ended, %d bytes came", done, len(w.got))
	}
}

// posted is a writer that takes seven bytes at a time.
type posted struct {
	ops.Executor
	got []byte
}

func (w *posted) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		op.N = min(7, len(op.Buf))
		w.got = append(w.got, op.Buf[:op.N]...)
	}
	w.Execute(op)
}

func (w *posted) StartWriteVectored(op *ops.Operation, bufs [][]byte) {
	if op.Err == nil {
		all := joinBytes(bufs)
		op.N = min(7, len(all))
		w.got = append(w.got, all[:op.N]...)
	}
	w.Execute(op)
}

// Who is cancelled before it can wait is told so.
func TestBufferedWriterCanceledByItsBatch(t *testing.T) {
	for name, wait := range map[string]func(b *ops.BufferedWriter, h ops.Handler){
		"Flush":    (*ops.BufferedWriter).Flush,
		"WhenRoom": func(b *ops.BufferedWriter, h ops.Handler) { b.WhenRoom(100, h) },
	} {
		t.Run(name, func(t *testing.T) {
			var s sink
			var j journal
			var batch ops.Batch
			var members [1]ops.Member
			b := ops.NewBufferedWriter(&s, 100, nil)
			mustAppend(t, b, "a")
			batch.Start(members[:], ops.UntilAll, j.handler())
			batch.Cancel()
			wait(b, &members[0])
			s.run()
			j.check(t, "handler 1 ops: operation canceled")
		})
	}
}
