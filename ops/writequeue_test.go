package ops_test

import (
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

func TestWriteQueue(t *testing.T) {
	for _, vectored := range []bool{true, false} {
		t.Run(fmt.Sprintf("vectored=%v", vectored), func(t *testing.T) {
			var j journal
			var s vectorSink
			var w ops.Writer = &s
			if !vectored {
				w = &s.sink
			}
			q := ops.NewWriteQueue(w, 1000)
			told := func(name string) ops.Handler {
				return ops.HandlerFunc(func(n int, err error) { j.add("%s %d %v", name, n, err) })
			}
			q.Write([]byte("abc"), told("abc"))
			ops.Write(q, []byte("de"), told("de"))
			q.Write(nil, told("nothing"))
			q.Write([]byte("fghi"), told("fghi"))
			j.check(t)
			if q.Buffered() != 9 {
				t.Errorf("%d bytes wait", q.Buffered())
			}
			s.take(1, nil)
			s.take(everything, nil)
			j.check(t, "abc 3 <nil>")
			if vectored {
				s.take(3, nil)
				s.take(everything, nil)
			} else {
				s.take(everything, nil)
				s.take(everything, nil)
				s.take(everything, nil)
			}
			j.check(t, "de 2 <nil>", "nothing 0 <nil>", "fghi 4 <nil>")
			if s.wrote.String() != "abcdefghi" || len(s.waiting) != 0 || q.Buffered() != 0 {
				t.Errorf("wrote %q, %d bytes wait", s.wrote.String(), q.Buffered())
			}
		})
	}
}

// TestWriteQueueOfMany has more writes than go out together.
func TestWriteQueueOfMany(t *testing.T) {
	var s vectorSink
	q := ops.NewWriteQueue(&s, 1000)
	want, done := "", 0
	for i := range 100 {
		p := fmt.Sprint(i, " ")
		want += p
		q.Write([]byte(p), ops.HandlerFunc(func(n int, err error) {
			if n != len(p) || err != nil || i != done {
				t.Errorf("write %d: %d, %v, after %d others", i, n, err, done)
			}
			done++
		}))
	}
	for len(s.waiting) > 0 {
		s.take(everything, nil)
	}
	if s.wrote.String() != want || len(s.sizes) != 8 { // 1, 16, 16, …
		t.Errorf("wrote %q in %d writes", s.wrote.String(), len(s.sizes))
	}
}

func TestWriteQueueLimit(t *testing.T) {
	var j journal
	var s vectorSink
	q := ops.NewWriteQueue(&s, 4)
	q.Write([]byte("abc"), j.handler())
	q.Write([]byte("de"), j.handler())
	q.Write([]byte("f"), j.handler())
	q.Write([]byte("hijkl"), j.handler())
	s.run()
	j.check(t, "handler 0 "+ops.ErrQueueFull.Error(),
		"handler 0 ops: longer than the limit of what may wait to be written: allocator: size too large")
	s.take(everything, nil)
	s.take(everything, nil)
	j.check(t, "handler 3 <nil>", "handler 1 <nil>")
	q.Write([]byte("mnop"), j.handler())
	s.take(everything, nil)
	if j.check(t, "handler 4 <nil>"); s.wrote.String() != "abcfmnop" {
		t.Errorf("wrote %q", s.wrote.String())
	}
}

func TestWriteQueueFails(t *testing.T) {
	var j journal
	var s vectorSink
	q := ops.NewWriteQueue(&s, 100)
	for _, p := range []string{"a", "bcd", "", "efg", "h"} {
		q.Write([]byte(p), j.handler())
	}
	s.take(everything, nil)
	j.check(t, "handler 1 <nil>")
	for range 10 {
		q.Write([]byte("later"), ops.HandlerFunc(func(n int, err error) {
			if n != 0 || err != errMid {
				t.Errorf("a later write: %d, %v", n, err)
			}
		}))
	}
	s.take(4, errMid)
	j.check(t, "handler 3 <nil>", "handler 0 <nil>", "handler 1 mid-way", "handler 0 mid-way")
	q.Write([]byte("x"), j.handler())
	j.check(t)
	s.run()
	j.check(t, "handler 0 mid-way")
	if q.Buffered() != 0 || s.wrote.String() != "abcde" {
		t.Errorf("wrote %q, %d bytes wait", s.wrote.String(), q.Buffered())
	}
	q.Reset(&s, 100)
	q.Write([]byte("x"), j.handler())
	s.take(everything, nil)
	j.check(t, "handler 1 <nil>")
}

func TestWriteQueueCanceled(t *testing.T) {
	var j journal
	var s vectorSink
	var first, second ops.CancelSlot
	q := ops.NewWriteQueue(&s, 100)
	q.Write([]byte("a"), ops.WithCancelSlot(j.handler(), &first))
	q.Write([]byte("bc"), ops.WithCancelSlot(j.handler(), &second))
	q.Write([]byte("d"), j.handler())
	first.Cancel() // too late: it is being written
	second.Cancel()
	second.Cancel() // again, before its handler was called
	s.run()
	j.check(t, "handler 0 ops: operation canceled")
	s.take(everything, nil)
	s.take(everything, nil)
	j.check(t, "handler 1 <nil>", "handler 1 <nil>")
	if s.wrote.String() != "ad" || q.Buffered() != 0 {
		t.Errorf("wrote %q, %d bytes wait", s.wrote.String(), q.Buffered())
	}
}

// A write that has failed cannot be cancelled any more, wherever its handler runs.
func TestWriteQueueCanceledTooLate(t *testing.T) {
	var j journal
	var s vectorSink
	var there loop
	var slots [3]ops.CancelSlot
	q := ops.NewWriteQueue(&s, 100)
	for i := range slots {
		q.Write([]byte("a"), ops.WithExecutor(ops.WithCancelSlot(j.handler(), &slots[i]), &there))
	}
	s.take(0, errMid)
	for i := range slots {
		slots[i].Cancel()
	}
	s.run()
	j.check(t)
	there.run()
	j.check(t, "handler 0 mid-way", "handler 0 mid-way", "handler 0 mid-way")
}

// What waits for a stream that refuses is refused too, and not cancelled after that.
func TestRefusedWithItsStream(t *testing.T) {
	for name, wait := range map[string]func(s *vectorSink, h ops.Handler){
		"written": func(s *vectorSink, h ops.Handler) { ops.NewWriteQueue(s, 100).Write([]byte("a"), h) },
		"waiting": func(s *vectorSink, h ops.Handler) {
			q := ops.NewWriteQueue(s, 100)
			q.Write([]byte("a"), ops.HandlerFunc(func(int, error) {}))
			q.Write([]byte("b"), h)
		},
		"Flush": func(s *vectorSink, h ops.Handler) {
			b := ops.NewBufferedWriter(s, 100, nil)
			b.Append([]byte("a"))
			b.Flush(h)
		},
		"WhenRoom": func(s *vectorSink, h ops.Handler) {
			b := ops.NewBufferedWriter(s, 100, nil)
			b.Append([]byte("a"))
			b.WhenRoom(100, h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var s vectorSink
			var slot ops.CancelSlot
			blocks := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
			wait(&s, ops.WithAllocator[ops.Operation](ops.WithCancelSlot(j.handler(), &slot), blocks))
			news := s.waiting[0].Refuse(errMid)
			if n := blocks.Counts().Live; n != 0 {
				t.Errorf("%d blocks are alive", n)
			}
			if slot.Cancel() {
				t.Error("the slot stands for an operation that was refused")
			}
			news.Complete()
			s.run()
			j.check(t, "handler 0 mid-way")
		})
	}
}

func TestWriteQueueAbandoned(t *testing.T) {
	var s vectorSink
	var j journal
	blocks := combinators.NewStats[ops.Operation](allocator.Heap[ops.Operation]{})
	q := ops.NewWriteQueue(&s, 100)
	abandoned := 0
	for range 40 {
		q.Write([]byte("a"), ops.WithAllocator[ops.Operation](&abandonable{t, &abandoned}, blocks))
	}
	s.waiting[0].Abandon()
	if abandoned != 40 || blocks.Counts().Live != 0 {
		t.Errorf("abandoned %d handlers, %d blocks alive", abandoned, blocks.Counts().Live)
	}
	q.Write([]byte("x"), j.handler())
	s.run()
	j.check(t, "handler 0 ops: operation canceled")
}

// TestWriteQueueSurvivesAPanic: the handlers of one write are all called.
func TestWriteQueueSurvivesAPanic(t *testing.T) {
	var s vectorSink
	var j journal
	q := ops.NewWriteQueue(&s, 100)
	q.Write([]byte("a"), j.handler())
	q.Write([]byte("b"), ops.HandlerFunc(func(int, error) { panic("boom") }))
	q.Write([]byte("c"), j.handler())
	s.take(everything, nil)
	mustPanic(t, "boom", func() { s.take(everything, nil) })
	j.check(t, "handler 1 <nil>", "handler 1 <nil>")
}

func TestWriteQueueExhausted(t *testing.T) {
	var s vectorSink
	var j journal
	q := ops.NewWriteQueue(&s, 100)
	q.Write([]byte("a"), ops.WithAllocator(j.handler(), allocator.Null[ops.Operation]{}))
	s.run()
	j.check(t, "handler 0 allocator: exhausted")
	if len(s.waiting) != 0 {
		t.Error("something was written")
	}
}

func TestWriteQueueMisuse(t *testing.T) {
	var s sink
	mustPanic(t, "no Writer", func() { ops.NewWriteQueue(nil, 1) })
	mustPanic(t, "no limit", func() { ops.NewWriteQueue(&s, 0) })
	q := ops.NewWriteQueue(&s, 1)
	mustPanic(t, "nil Handler", func() { q.Write(nil, nil) })
	q.Write(nil, ops.HandlerFunc(func(int, error) {}))
	mustPanic(t, "outstanding", func() { q.Reset(&s, 1) })
}

// TestWriteQueueOfManyGoroutines writes numbers from several goroutines.
func TestWriteQueueOfManyGoroutines(t *testing.T) {
	p := newProactor(t)
	w := &posted{Executor: p}
	q := ops.NewWriteQueue(w, 100)
	const writers, each = 4, 200
	for i := range writers {
		at := 0
		p2 := make([]byte, 2)
		var next ops.HandlerFunc
		next = func(n int, err error) {
			if err != nil || at > 0 && n != 2 {
				t.Errorf("told %d, %v", n, err)
			}
			if at < each {
				p2[0], p2[1] = byte(i), byte(at)
				at++
				q.Write(p2, next)
			}
		}
		ops.Post(p, next)
	}
	run(t, p, 3)
	var next [writers]byte
	for i := 0; i < len(w.got); i += 2 {
		if who, n := w.got[i], w.got[i+1]; n != next[who] {
			t.Fatalf("of %d came %d, want %d", who, n, next[who])
		}
		next[w.got[i]]++
	}
	if len(w.got) != 2*writers*each {
		t.Errorf("%d bytes came", len(w.got))
	}
}

// A write that its proactor refuses takes those that wait with it, and no bytes are
// left.
func TestWriteQueueRefused(t *testing.T) {
	var s vectorSink
	var j journal
	q := ops.NewWriteQueue(&s, 100)
	for _, p := range []string{"a", "bc", "d"} {
		q.Write([]byte(p), j.handler())
	}
	refused := s.waiting[0].Refuse(errMid)
	if q.Buffered() != 0 {
		t.Errorf("%d bytes wait", q.Buffered())
	}
	refused.Complete()
	j.check(t, "handler 0 mid-way", "handler 0 mid-way", "handler 0 mid-way")
}
