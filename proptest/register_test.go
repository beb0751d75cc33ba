package proptest

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// leaky is a combinator that forgets to pass on each third release. It does not print.
type leaky[T any] struct {
	parent   allocator.Allocator[T]
	released int
}

func (a *leaky[T]) Allocate(n int) ([]T, error) { return a.parent.Allocate(n) }

func (a *leaky[T]) Deallocate(s []T) {
	if cap(s) == 0 {
		return
	}
	if a.released++; a.released%3 != 0 {
		a.parent.Deallocate(s)
	}
}

// printed is a leaky that prints as an expression.
type printed[T any] struct{ leaky[T] }

func (a *printed[T]) String() string { return fmt.Sprintf("Leaky(%s)", allocator.Describe(a.parent)) }

func alone(below Claims) Claims {
	below.ThreadSafe, below.SafeAsParent = false, false
	return below
}

// unregister has nothing of T registered once the test is over.
func unregister[T any](t *testing.T) {
	t.Cleanup(func() {
		registry.Lock()
		defer registry.Unlock()
		delete(registry.nodes, reflect.TypeFor[T]())
	})
}

// TestRegisteredIsFound says that a combinator of somebody else joins the trees: a fault of
// it is found by Conform of an allocator that has none, and shrunk to the two.
func TestRegisteredIsFound(t *testing.T) {
	t.Run("printed", func(t *testing.T) {
		type element [3]uint16
		unregister[element](t)
		Register("Leaky", alone, func(p allocator.Allocator[element]) allocator.Allocator[element] {
			return &printed[element]{leaky[element]{parent: p}}
		})
		findsLeaky[element](t, "Leaky(")
	})
	t.Run("without a String", func(t *testing.T) {
		type element [5]uint16
		unregister[element](t)
		Register("leaky", alone, func(p allocator.Allocator[element]) allocator.Allocator[element] {
			return &leaky[element]{parent: p}
		})
		findsLeaky[element](t, "leaky[")
	})
}

func findsLeaky[T any](t *testing.T, want string) {
	t.Helper()
	testflag.Set(t, "rapid.seed", "1") // of some programs the smallest has one more combinator
	innocent := func(p allocator.Allocator[T]) allocator.Allocator[T] { return combinators.NewSingleSlot(p) }
	message, checks, text := caught(t, ConformCheck(innocent, cacheClaims(Claims{SafeAsParent: true})), "5s")
	if !names(message, noLeak, allComesBack, flat, oneForOne) {
		t.Errorf("found after %d checks: %s", checks, message)
	}
	_, on, found := strings.Cut(text, "\non ")
	on, _, _ = strings.Cut(on, "\n")
	if !found || !strings.Contains(on, want) || !strings.Contains(on, "SingleSlot(") {
		t.Errorf("the failure does not show %s and SingleSlot:\n%s", want, text)
	}
	for _, n := range nodes[T]() {
		if n.name != "SingleSlot" && n.name != "Leaky" && strings.Contains(on, n.name+"(") {
			t.Errorf("%s is left in the composition, which has not shrunk: %s", n.name, on)
		}
	}
}

// TestRegisteredJoins says that one that keeps the rules is drawn above and below, passes for
// what it claims, and is nobody's whose elements are of another type.
func TestRegisteredJoins(t *testing.T) {
	type element [1]int32
	unregister[element](t)
	testflag.Set(t, "rapid.checks", "1000") // also with -short
	var mu sync.Mutex
	built := 0
	Register("Through", nil, func(p allocator.Allocator[element]) allocator.Allocator[element] {
		mu.Lock()
		defer mu.Unlock()
		built++
		return combinators.NewTrace(p, "through")
	})
	rapid.Check(t, ConformCheck(func(p allocator.Allocator[element]) allocator.Allocator[element] {
		return combinators.NewSlots(p, 2)
	}, cacheClaims(Claims{})))
	if built == 0 {
		t.Error("it was never built")
	}
	if all := registered[int32](); len(all) != 0 {
		t.Errorf("%d combinators are registered for another type", len(all))
	}
}

// TestRegisterRefuses says which registrations are a mistake, and that the panic says what it is.
func TestRegisterRefuses(t *testing.T) {
	type element int16
	unregister[element](t)
	pass := func(p allocator.Allocator[element]) allocator.Allocator[element] { return p }
	Register("mine", nil, pass)
	for want, register := range map[string]func(){
		`"mine" of proptest.element already`:   func() { Register("mine", nil, pass) },
		`"Slab" of proptest.element already`:   func() { Register("Slab", nil, pass) },
		`"leaf" of proptest.element already`:   func() { Register("leaf", nil, pass) },
		`the combinator "x" has no Builder`:    func() { Register[element]("x", nil, nil) },
		"proptest: Register: the combinator h": func() { Register("", nil, pass) },
	} {
		if got := panicOf(register); !strings.Contains(got, want) {
			t.Errorf("got %q, want a panic with %q", got, want)
		}
	}
	if n := len(registered[element]()); n != 1 {
		t.Errorf("%d are registered after mistakes, want 1", n)
	}
	type other int16
	unregister[other](t)
	Register("mine", nil, func(p allocator.Allocator[other]) allocator.Allocator[other] { return p })
}

// TestRegisterTogether says that several goroutines may register.
func TestRegisterTogether(t *testing.T) {
	type element int8
	unregister[element](t)
	var together sync.WaitGroup
	for i := range 8 {
		together.Go(func() {
			Register(fmt.Sprint("number ", i), nil, func(p allocator.Allocator[element]) allocator.Allocator[element] { return p })
			nodes[element]()
		})
	}
	together.Wait()
	if n := len(registered[element]()); n != 8 {
		t.Errorf("%d are registered, want 8", n)
	}
}

func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}
