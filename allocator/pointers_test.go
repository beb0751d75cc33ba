package allocator_test

import (
	"fmt"
	"io"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExamplePointerPath() {
	type item struct {
		Price int
		Name  string
	}
	type order struct {
		Number uint64
		Items  [4]item
	}
	fmt.Println(allocator.PointerPath(reflect.TypeFor[order]()))
	fmt.Printf("%q\n", allocator.PointerPath(reflect.TypeFor[[4]uint64]()))
	// Output:
	// allocator_test.order.Items[0].Name (string)
	// ""
}

type (
	number         int
	plain          struct{ A, B number }
	nested         struct{ P [2]plain }
	blank          struct{ _ *int }
	list           struct{ Next *list }
	generic[T any] struct{ V T }
	embedding      struct {
		list
	}
)

func TestPointers(t *testing.T) {
	testPointers[bool](t, "")
	testPointers[int8](t, "")
	testPointers[uint64](t, "")
	testPointers[uintptr](t, "")
	testPointers[float32](t, "")
	testPointers[complex128](t, "")
	testPointers[number](t, "")
	testPointers[struct{}](t, "")
	testPointers[[0]*int](t, "")
	testPointers[[3][2]byte](t, "")
	testPointers[plain](t, "")
	testPointers[nested](t, "")
	testPointers[generic[int]](t, "")
	testPointers[struct{ _ [0]func() }](t, "")

	testPointers[string](t, "string (string)")
	testPointers[*int](t, "*int (*int)")
	testPointers[unsafe.Pointer](t, "unsafe.Pointer (unsafe.Pointer)")
	testPointers[[]byte](t, "[]uint8 ([]uint8)")
	testPointers[map[int]int](t, "map[int]int (map[int]int)")
	testPointers[chan int](t, "chan int (chan int)")
	testPointers[func()](t, "func() (func())")
	testPointers[any](t, "interface {} (interface {})")
	testPointers[error](t, "error (error)")
	testPointers[io.Reader](t, "io.Reader (io.Reader)")
	testPointers[[2]string](t, "[2]string[0] (string)")
	testPointers[[2][1]*int](t, "[2][1]*int[0][0] (*int)")
	testPointers[blank](t, "allocator_test.blank._ (*int)")
	testPointers[list](t, "allocator_test.list.Next (*allocator_test.list)")
	testPointers[embedding](t, "allocator_test.embedding.list.Next (*allocator_test.list)")
	testPointers[generic[[3]any]](t, "allocator_test.generic[[3]interface {}].V[0] (interface {})")
	testPointers[time.Time](t, "time.Time.loc (*time.Location)")
	testPointers[sync.Mutex](t, "")
}

func testPointers[T any](t *testing.T, path string) {
	t.Helper()
	if got := allocator.PointerPath(reflect.TypeFor[T]()); got != path {
		t.Errorf("PointerPath of %v is %q, want %q", reflect.TypeFor[T](), got, path)
	}
	for range 2 { // the second answer is remembered
		if got := allocator.HasPointers[T](); got != (path != "") {
			t.Errorf("HasPointers of %v is %v", reflect.TypeFor[T](), got)
		}
	}
}

func TestHasPointersAllocatesNothing(t *testing.T) {
	if addressSanitizer {
		t.Skip("with -asan, reflect.TypeFor allocates")
	}
	if allocs := testing.AllocsPerRun(100, func() {
		allocator.HasPointers[list]()
		allocator.HasPointers[plain]()
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

func BenchmarkHasPointers(b *testing.B) {
	for b.Loop() {
		allocator.HasPointers[list]()
	}
}
