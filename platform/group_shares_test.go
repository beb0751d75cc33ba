package platform

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// TestGroupSharesNothing looks at all memory of this module that the proactors of a
// group reach, once each has served something. None of it belongs to two of them.
func TestGroupSharesNothing(t *testing.T) {
	for _, backend := range Backends() {
		t.Run(backend, func(t *testing.T) {
			for _, shared := range sharedBy(t, WithBackend(backend)) {
				t.Error(shared)
			}
			// And if there is something, it is found.
			alloc := combinators.NewThreadSafe[ops.Operation](allocator.Heap[ops.Operation]{})
			if sharedBy(t, WithBackend(backend), WithAllocator(alloc)) == nil {
				t.Error("an allocator that they share was not found")
			}
		})
	}
}

// sharedBy returns what the proactors of a group with the options share.
func sharedBy(t *testing.T, options ...Option) (shared []string) {
	const n = 3
	g, err := NewGroup(n, options...)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	var conns [2 * n]Conn
	for i, p := range g.Proactors() {
		l, err := p.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		told := ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				t.Error(err)
			}
		})
		l.Accept(&conns[2*i], told)
		p.Connect(&conns[2*i+1], "tcp", l.Addr().String(), told)
	}
	if err := g.Run(t.Context()); err != nil {
		t.Fatal(err)
	}

	owners := make(map[unsafe.Pointer]int)
	for i, p := range g.Proactors() {
		r := extent{owner: i, owners: owners, seen: make(map[seen]bool)}
		r.walk(reflect.ValueOf(p), "proactor")
		shared = append(shared, r.shared...)
		if len(r.seen) < 5 {
			t.Errorf("only %d pieces of memory were looked at", len(r.seen))
		}
	}
	return shared
}

// An extent is the memory that one owner reaches.
type extent struct {
	owner  int
	owners map[unsafe.Pointer]int // of all memory that was seen
	seen   map[seen]bool
	shared []string
}

type seen struct {
	at unsafe.Pointer
	t  reflect.Type
}

// walk looks at everything that v reaches, by a path, through types of this module.
func (r *extent) walk(v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && ours(v.Type().Elem()) && r.enter(v.UnsafePointer(), v.Type(), v.Type().Elem().Size(), path) {
			r.walk(v.Elem(), path)
		}
	case reflect.Interface:
		if !v.IsNil() {
			r.walk(v.Elem(), path)
		}
	case reflect.Slice:
		if v.Cap() > 0 && r.enter(v.UnsafePointer(), v.Type(), v.Type().Elem().Size(), path) && leads(v.Type().Elem()) {
			for i := range v.Len() {
				r.walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			r.walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.walk(v.Field(i), path+"."+v.Type().Field(i).Name)
		}
		if p, ok := pointee(v); ok {
			r.walk(p, path)
		}
	}
}

// enter notes that the owner reaches memory, and reports whether it is new.
func (r *extent) enter(at unsafe.Pointer, t reflect.Type, size uintptr, path string) bool {
	if size == 0 || r.seen[seen{at, t}] {
		return false
	}
	r.seen[seen{at, t}] = true
	if other, ok := r.owners[at]; ok && other != r.owner {
		r.shared = append(r.shared, fmt.Sprintf("%s (%s) of proactor %d is also of proactor %d", path, t, r.owner, other))
		return false
	}
	r.owners[at] = r.owner
	return true
}

// pointee returns what an atomic.Pointer to a type of this module points to.
func pointee(v reflect.Value) (reflect.Value, bool) {
	if v.Type().PkgPath() != "sync/atomic" || !strings.HasPrefix(v.Type().Name(), "Pointer[") {
		return v, false
	}
	load, ok := reflect.PointerTo(v.Type()).MethodByName("Load")
	if !ok || !v.CanAddr() {
		return v, false
	}
	at := reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr()))
	return load.Func.Call([]reflect.Value{at})[0], true
}

// ours reports whether a type is one of this module, or made of one.
func ours(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array, reflect.Slice, reflect.Pointer:
		return ours(t.Elem())
	}
	return strings.HasPrefix(t.PkgPath(), "github.com/heirloom-go/heirloom")
}

// leads reports whether a value of type t may lead to other memory.
func leads(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Interface:
		return true
	case reflect.Array:
		return leads(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if leads(t.Field(i).Type) {
				return true
			}
		}
		_, ok := reflect.PointerTo(t).MethodByName("CompareAndSwap") // of sync/atomic
		return ok && strings.HasPrefix(t.Name(), "Pointer[")
	}
	return false
}
