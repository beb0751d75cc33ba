package combinators

import (
	"fmt"
	"path"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Objects keeps values together with everything that was constructed in them,
// and hands them out again unchanged, the last one first.
//
// Use it for values that are expensive to construct and can be used again: a
// bufio.Reader with its buffer, a gzip.Writer with its tables, a parser with
// its stack. This is what sync.Pool is mostly used for. A [Recycling] hands out
// storage instead, and clears it. Objects is not an [allocator.Allocator],
// because it makes values, and not only room for them.
//
// A Get that finds a value costs about five nanoseconds, including its Put,
// which is less than half of what sync.Pool costs (BenchmarkObjects). A Get
// that finds none costs what the constructor does. At most limit values are
// kept, with a pointer each. The garbage collector takes none of them; Trim
// drops them. A value that is put back beyond the limit is dropped.
//
// It is never exhausted. Get returns whatever the constructor returns, so a
// constructor that can fail may return nil.
//
// One goroutine at a time may use it; see [ShardedObjects].
//
// It panics if the value that was put back last is put back again. In a build
// with -race or -asan, a use of a value that was put back is reported. It
// cannot see other misuse: a value that is put back twice is handed out twice.
type Objects[T any] struct {
	// OnPut, if it is not nil, is called with each value that is put back, and
	// reports whether to keep it. Let it reset the value, so that nothing of
	// its last use stays reachable, and refuse a value that has grown too
	// large.
	OnPut func(v *T) (keep bool)

	// OnDrop, if it is not nil, is called with each value that is dropped:
	// because OnPut refused it, because there was no room, or by Trim. Let it
	// close whatever the value holds open.
	OnDrop func(v *T)

	_         noCopy
	construct func() *T
	limit     int
	kept      []*T // the last one that was put back is the last one
}

// NewObjects returns an Objects that keeps at most limit values made by
// construct. It panics if construct is nil or limit is negative.
func NewObjects[T any](construct func() *T, limit int) *Objects[T] {
	checkObjects(construct, limit, "NewObjects")
	return &Objects[T]{construct: construct, limit: limit}
}

// Get returns the value that was put back last, or one that it constructs.
func (o *Objects[T]) Get() *T {
	last := len(o.kept) - 1
	if last < 0 {
		return o.construct()
	}
	v := o.kept[last]
	o.kept[last] = nil
	o.kept = o.kept[:last]
	allocator.Reissue(unsafe.Slice(v, 1))
	return v
}

// Put keeps a value for a later Get. The caller must not use it any more. It
// need not come from Get. A nil v is ignored.
func (o *Objects[T]) Put(v *T) {
	if last := len(o.kept) - 1; last >= 0 && o.kept[last] == v {
		putTwice(o, v)
	}
	if v == nil {
		return
	}
	if o.OnPut != nil && !o.OnPut(v) || len(o.kept) >= o.limit {
		o.drop(v)
		return
	}
	o.kept = append(o.kept, v)
	allocator.Retire(unsafe.Slice(v, 1))
}

// Trim drops the values that are kept.
func (o *Objects[T]) Trim() {
	for len(o.kept) != 0 {
		o.drop(o.Get()) // out of the list first, as OnDrop may panic
	}
	o.kept = nil
}

// String returns the expression that builds it.
func (o *Objects[T]) String() string {
	return fmt.Sprintf("Objects(%s, %d)", constructorName(o.construct), o.limit)
}

func (o *Objects[T]) drop(v *T) {
	if o.OnDrop != nil {
		o.OnDrop(v)
	}
}

// checkObjects panics if the arguments of a constructor of Objects are wrong.
func checkObjects[T any](construct func() *T, limit int, name string) {
	switch {
	case construct == nil:
		panic("combinators: " + name + ": the constructor is nil")
	case limit < 0:
		panic(fmt.Sprintf("combinators: %s: the limit is negative: %d", name, limit))
	}
}

func constructorName[T any](construct func() *T) string {
	return path.Base(runtime.FuncForPC(reflect.ValueOf(construct).Pointer()).Name())
}

// putTwice panics for a value that is kept already, unless it has no size and
// so may be at the same place as another one.
func putTwice[T any](o fmt.Stringer, v *T) {
	if unsafe.Sizeof(*v) != 0 {
		panic(allocator.Misuse(o, unsafe.Slice(v, 1), "put back twice"))
	}
}
