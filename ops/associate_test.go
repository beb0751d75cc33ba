package ops_test

import (
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// ownHandler has an allocator by a method.
type ownHandler struct {
	journal *journal
	alloc   allocator.Allocator[ops.Operation]
}

func (o *ownHandler) Complete(n int, err error)                     { o.journal.add("handler %d %v", n, err) }
func (o *ownHandler) Allocator() allocator.Allocator[ops.Operation] { return o.alloc }

// opaque is a wrapper that does not say what it wraps.
type opaque struct{ ops.Handler }

// transparent is one that does, and has nothing of its own.
type transparent struct{ inner ops.Handler }

func (w *transparent) Complete(n int, err error) { w.inner.Complete(n, err) }
func (w *transparent) Unwrap() ops.Handler       { return w.inner }

type frame struct{ _ [3]int }

// TestAssociation looks for allocators through wrappers.
func TestAssociation(t *testing.T) {
	var j journal
	a, b, def := &recorder{name: "a"}, &recorder{name: "b"}, &recorder{name: "default"}
	bytes := allocator.Heap[byte]{}
	plain := ops.HandlerFunc(func(int, error) {})
	cases := []struct {
		name string
		h    ops.Handler
		want *recorder
	}{
		{"none", plain, def},
		{"bound", ops.WithAllocator(plain, a), a},
		{"the outermost wins", ops.WithAllocator(ops.WithAllocator(plain, a), b), b},
		{"by a method", &ownHandler{&j, a}, a},
		{"a bound one wins over a method inside", ops.WithAllocator(&ownHandler{&j, a}, b), b},
		{"through Unwrap", &transparent{&transparent{ops.WithAllocator(plain, a)}}, a},
		{"through Unwrap to a method", &transparent{&ownHandler{&j, a}}, a},
		{"not through a wrapper that does not unwrap", opaque{ops.WithAllocator(plain, a)}, def},
		{"another type does not count", ops.WithAllocator(plain, bytes), def},
		{"another type outside does not hide", ops.WithAllocator(ops.WithAllocator(plain, a), bytes), a},
		{"nil by a method is none", &ownHandler{&j, nil}, def},
		{"nil by a method lets one inside be found", &layered{nil, ops.WithAllocator(plain, a)}, a},
		{"a wrapper round nothing", &transparent{nil}, def},
		{"through a timeout and a cancel slot", ops.WithTimeout(ops.WithCancelSlot(ops.WithAllocator(plain, a), new(ops.CancelSlot)), 1), a},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := ops.AllocatorOf[ops.Operation](c.h, def); got != c.want {
				t.Errorf("AllocatorOf: %v, want %v", got, c.want)
			}
			// What Begin finds, in one pass and with what it remembers of
			// types, is the same.
			for range 3 {
				for _, r := range []*recorder{a, b, def} {
					r.journal = new(journal)
				}
				ops.Begin(c.h, def).Abandon()
				for _, r := range []*recorder{a, b, def} {
					if r == c.want {
						r.check(t, r.name+" allocates 1", r.name+" releases")
					} else {
						r.check(t)
					}
				}
			}
		})
	}
}

// layered is a wrapper with an allocator of its own, perhaps nil.
type layered struct {
	alloc allocator.Allocator[ops.Operation]
	inner ops.Handler
}

func (l *layered) Complete(n int, err error)                     { l.inner.Complete(n, err) }
func (l *layered) Unwrap() ops.Handler                           { return l.inner }
func (l *layered) Allocator() allocator.Allocator[ops.Operation] { return l.alloc }

// TestAssociationOfSeveralTypes gives one handler allocators of three types.
func TestAssociationOfSeveralTypes(t *testing.T) {
	a := &recorder{name: "a"}
	bytes, frames := allocator.Null[byte]{}, allocator.Null[frame]{}
	h := ops.WithAllocator(ops.WithAllocator(ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), a), bytes), frames)
	if got := ops.AllocatorOf[ops.Operation](h, nil); got != a {
		t.Errorf("of Operation: %v", got)
	}
	if got := ops.AllocatorOf[byte](h, allocator.Heap[byte]{}); got != bytes {
		t.Errorf("of byte: %v", got)
	}
	if got := ops.AllocatorOf[frame](h, allocator.Heap[frame]{}); got != frames {
		t.Errorf("of frame: %v", got)
	}
	if got := ops.AllocatorOf[int](h, nil); got != nil {
		t.Errorf("of int: %v, want none", got)
	}
	if got := ops.AllocatorOf[int](nil, nil); got != nil {
		t.Errorf("of a nil handler: %v, want none", got)
	}
}

func TestWithAllocatorPanics(t *testing.T) {
	plain := ops.HandlerFunc(func(int, error) {})
	mustPanic(t, "nil Handler", func() { ops.WithAllocator(nil, &recorder{}) })
	mustPanic(t, "nil HandlerFunc", func() { ops.WithAllocator(ops.HandlerFunc(nil), &recorder{}) })
	mustPanic(t, "nil Allocator", func() { ops.WithAllocator[ops.Operation](plain, nil) })
	mustPanic(t, "nil Handler", func() { ops.WithCancelSlot(nil, new(ops.CancelSlot)) })
	mustPanic(t, "nil Handler", func() { ops.WithTimeout(nil, 1) })
	mustPanic(t, "nil CancelSlot", func() { ops.WithCancelSlot(plain, nil) })
}

// TestBoundHandlerPrints checks that one sees what a handler is made of.
func TestBoundHandlerPrints(t *testing.T) {
	h := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), &recorder{name: "mine"})
	if got := h.(interface{ String() string }).String(); !strings.Contains(got, "mine") || !strings.Contains(got, "HandlerFunc") {
		t.Errorf("a bound handler prints as %q", got)
	}
}

// TestBoundHandlerCalls checks that a bound handler calls the one inside.
func TestBoundHandlerCalls(t *testing.T) {
	var j journal
	slot := new(ops.CancelSlot)
	h := ops.WithCancelSlot(ops.WithAllocator(ops.WithTimeout(j.handler(), 1), &recorder{name: "a", journal: &j}), slot)
	h.Complete(7, nil)
	j.check(t, "handler 7 <nil>")
	if ops.CancelSlotOf(h) != slot || ops.CancelSlotOf(j.handler()) != nil {
		t.Error("CancelSlotOf does not find the slot, or finds one where there is none")
	}
}

// What is associated with a handler stays associated when it is bound to an allocator.
func TestBoundHandlerKeepsAssociations(t *testing.T) {
	var j journal
	var l loop
	a := &recorder{name: "a", journal: &j}
	slot := new(ops.CancelSlot)
	ops.Begin(ops.WithAllocator(ops.WithCancelSlot(j.handler(), slot), a), nil).Arm(&desk{})
	if !slot.Cancel() {
		t.Error("the operation cannot be cancelled by its slot")
	}
	if !ops.Begin(ops.WithAllocator(ops.WithTimeout(j.handler(), 1), a), nil).Limited() {
		t.Error("the operation has no timeout")
	}
	ops.Begin(ops.WithAllocator(ops.WithExecutor(j.handler(), &l), a), nil).Complete()
	j.check(t, "a allocates 1", "a allocates 1", "a allocates 1")
	l.run()
	j.check(t, "a releases", "handler 0 <nil>")
}
