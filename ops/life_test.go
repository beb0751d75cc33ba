package ops_test

import (
	"errors"
	"testing"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// TestLife follows an operation through each of its ends.
func TestLife(t *testing.T) {
	var j journal
	a := &recorder{name: "a", journal: &j}
	lost := errors.New("lost")
	begin := func() *ops.Operation {
		op := ops.Begin(&abandoner{&j, "inner", nil}, a)
		j.check(t, "a allocates 1")
		return op
	}
	t.Run("complete", func(t *testing.T) {
		op := begin()
		op.N, op.Err = 3, lost
		op.Complete()
		j.check(t, "a releases", "inner 3 lost")
	})
	t.Run("abandon", func(t *testing.T) {
		begin().Abandon()
		j.check(t, "a releases", "inner abandoned")
	})
	t.Run("refuse", func(t *testing.T) {
		op := begin().Refuse(lost)
		j.check(t, "a releases")
		if op.Err != lost {
			t.Errorf("Err of a refused operation is %v", op.Err)
		}
		op.Complete()
		j.check(t, "inner 0 lost")
	})
	t.Run("refuse and abandon", func(t *testing.T) {
		op := begin().Refuse(lost)
		j.check(t, "a releases")
		op.Abandon()
		j.check(t, "inner abandoned")
	})
}

// abandoner notes its end.
type abandoner struct {
	*journal
	name  string
	inner ops.Handler
}

func (a *abandoner) Complete(n int, err error) { a.add("%s %d %v", a.name, n, err) }
func (a *abandoner) Abandon()                  { a.add("%s abandoned", a.name) }
func (a *abandoner) Unwrap() ops.Handler       { return a.inner }

// TestAbandonTellsEveryLayer has layers that are abandoners and some that are
// not.
func TestAbandonTellsEveryLayer(t *testing.T) {
	var j journal
	a := &recorder{name: "a", journal: &j}
	h := &abandoner{&j, "outer", &transparent{ops.WithAllocator(&abandoner{&j, "inner", nil}, a)}}
	ops.Begin(h, nil).Abandon()
	j.check(t, "a allocates 1", "a releases", "outer abandoned", "inner abandoned")
}

// TestBlockIsFresh begins in a block that holds what was left by another
// operation.
func TestBlockIsFresh(t *testing.T) {
	op := ops.Begin(ops.HandlerFunc(func(int, error) {}), dirty{})
	if op.N != 0 || op.Err != nil || op.Buf != nil || op.Next != nil || op.Prev != nil || op.Target != nil || op.Epoch != 0 ||
		op.Kind != 0 || op.Arg != nil || op.When != 0 || op.Index != 0 || op.Limited() || op.Args != [2]uint64{} || op.Port != 0 {
		t.Errorf("an operation begins with %+v", op)
	}
	op.Complete()
}

// dirty gives blocks that are not zero.
type dirty struct{}

func (dirty) Allocate(n int) ([]ops.Operation, error) {
	old := *ops.Begin(ops.WithTimeout(ops.HandlerFunc(func(int, error) {}), time.Second), nil)
	old.N, old.Err, old.Buf, old.Next, old.Prev, old.Target, old.Arg = 1, errors.New("old"), make([]byte, 3), &old, &old, unsafe.Pointer(&old), unsafe.Pointer(&old)
	old.Epoch, old.When, old.Index, old.Args, old.Port, old.Kind = 2, 4, 5, [2]uint64{6, 7}, 8, ops.KindRead
	s := make([]ops.Operation, n)
	s[0] = old
	return s, nil
}

func (dirty) Deallocate([]ops.Operation) {}

func TestEndsTwice(t *testing.T) {
	op := ops.Begin(ops.HandlerFunc(func(int, error) {}), nil)
	op.Complete()
	mustPanic(t, "ended twice", op.Complete)
	mustPanic(t, "ended twice", op.Abandon)
	mustPanic(t, "ended twice", func() { op.Refuse(nil) })

	op = ops.Begin(ops.HandlerFunc(func(int, error) {}), dirty{}) // whatever its allocator does with the memory
	op.Complete()
	mustPanic(t, "ended twice", op.Complete)
	op = ops.Begin(ops.HandlerFunc(func(int, error) {}), nil).Refuse(errMid)
	op.Complete()
	mustPanic(t, "ended twice", op.Complete)
}

// A composed operation takes its last step where it was, and no more where its handler
// runs.
func TestComposedElsewhere(t *testing.T) {
	for name, start := range map[string]func(s *vectorScript, h ops.Handler){
		"ReadFull":          func(s *vectorScript, h ops.Handler) { ops.ReadFull(s, make([]byte, 4), h) },
		"WriteFull":         func(s *vectorScript, h ops.Handler) { ops.WriteFull(s, make([]byte, 4), h) },
		"WriteVectoredFull": func(s *vectorScript, h ops.Handler) { ops.WriteVectoredFull(s, [][]byte{make([]byte, 4)}, h) },
		"ReadOnArrival": func(s *vectorScript, h ops.Handler) {
			s.parts = nil
			ops.ReadOnArrival(s, 4, new([]byte), h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var there loop
			s := &vectorScript{script{parts: []part{{1, nil}, {3, nil}}, text: "1234"}}
			start(s, ops.WithExecutor(j.handler(), &there))
			s.run()
			j.check(t)
			there.run()
			s.run()
			j.check(t, "handler 4 <nil>")
			if len(s.parts) != 0 {
				t.Errorf("%d parts were not asked for", len(s.parts))
			}
		})
	}
}

// A vectorScript is a script that takes several buffers, and says when there is something
// to read.
type vectorScript struct{ script }

func (s *vectorScript) StartWriteVectored(op *ops.Operation, bufs [][]byte) {
	op.N, op.Err = s.parts[0].n, s.parts[0].err
	s.parts = s.parts[1:]
	s.Execute(op)
}

func (s *vectorScript) StartWaitReadable(op *ops.Operation) { s.Execute(op) }
func (s *vectorScript) TryRead(b []byte) (int, error)       { return copy(b, s.text), nil }

// An operation whose handler does not know any more where it is to run says so.
func TestExecutorLost(t *testing.T) {
	h := &lost{ex: new(loop)}
	op := ops.Begin(h, nil)
	h.ex = nil
	mustPanic(t, "has become nil", op.Complete)
}

type lost struct {
	ops.HandlerFunc
	ex ops.Executor
}

func (l *lost) Executor() ops.Executor { return l.ex }

func TestBeginNil(t *testing.T) {
	mustPanic(t, "nil Handler", func() { ops.Begin(nil, nil) })
	mustPanic(t, "nil HandlerFunc", func() { ops.Begin(ops.HandlerFunc(nil), nil) })
	ops.Begin(ops.HandlerFunc(func(int, error) {}), nil).Complete() // on the Go heap
}

// TestExhausted begins with an allocator that fails.
func TestExhausted(t *testing.T) {
	broken := errors.New("broken")
	for _, fail := range []error{allocator.ErrExhausted, broken} {
		var j journal
		var l loop
		a := &recorder{name: "a", journal: &j, fail: fail}
		slot := new(ops.CancelSlot)
		var got error
		h := ops.WithCancelSlot(ops.HandlerFunc(func(n int, err error) { j.add("told"); got = err }), slot)
		ops.Post(&l, ops.WithAllocator(h, a))
		j.check(t, "a refuses")
		if slot.Cancel() {
			t.Error("an operation that was not begun can be cancelled")
		}
		l.run()
		j.check(t, "told")
		if !errors.Is(got, allocator.ErrExhausted) || !errors.Is(got, fail) {
			t.Errorf("the handler was told %v, want an error that is %v and %v", got, allocator.ErrExhausted, fail)
		}
	}
}

// TestWrongLength begins with an allocator that breaks its contract.
func TestWrongLength(t *testing.T) {
	for _, block := range [][]ops.Operation{make([]ops.Operation, 0), make([]ops.Operation, 2), make([]ops.Operation, 1, 2), make([]ops.Operation, 0, 1)} {
		a := wrong(block)
		func() {
			defer func() {
				e, ok := recover().(*allocator.MisuseError)
				if !ok || e.Allocator != "wrong" {
					t.Errorf("an allocator that gives %d of %d values: panic %v, want one that names the allocator", len(block), cap(block), e)
				}
			}()
			ops.Begin(ops.HandlerFunc(func(int, error) {}), a)
		}()
	}
}

// wrong is an allocator that gives another block than it was asked for.
type wrong []ops.Operation

func (a wrong) Allocate(int) ([]ops.Operation, error) { return a, nil }
func (wrong) Deallocate([]ops.Operation)              {}
func (wrong) String() string                          { return "wrong" }

func TestKind(t *testing.T) {
	seen := map[string]bool{}
	for k := ops.KindPost; k <= ops.KindSync; k++ {
		if s := k.String(); s == "" || s == "unknown" || seen[s] {
			t.Errorf("kind %d prints as %q", k, s)
		} else {
			seen[s] = true
		}
	}
	if s := ops.Kind(200).String(); s != "unknown" {
		t.Errorf("a kind that there is not prints as %q", s)
	}
}
