package allocator_test

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/heirloom-go/heirloom/allocator"
)

func ExampleMisuseError() {
	var a allocator.Null[int]
	defer func() {
		e := recover().(*allocator.MisuseError)
		fmt.Printf("%s: %s\n", e.Allocator, e.Problem)
	}()
	a.Deallocate(make([]int, 4)) // a bug: a gave no block
	// Output: Null[int]: released to an allocator that gives no blocks
}

func TestCheckSize(t *testing.T) {
	for _, n := range hugeSizes() {
		if err := allocator.CheckSize[struct{}](n); err != nil {
			t.Errorf("%d values of no size: %v", n, err)
		}
		if err := allocator.CheckSize[byte](n); err != allocator.ErrTooLarge {
			t.Errorf("%d bytes: error %v, want ErrTooLarge", n, err)
		}
	}
	limit := 1 << (bits.UintSize/64*16 + 30)
	for _, c := range []struct {
		n    int
		want error
	}{{0, nil}, {1, nil}, {limit / 8, nil}, {limit/8 + 1, allocator.ErrTooLarge}, {-1, allocator.ErrSize}, {math.MinInt, allocator.ErrSize}} {
		if err := allocator.CheckSize[uint64](c.n); err != c.want {
			t.Errorf("CheckSize[uint64](%d) is %v, want %v", c.n, err, c.want)
		}
		if err := allocator.CheckSize[struct{}](c.n); err == allocator.ErrTooLarge {
			t.Errorf("%d values of no size are too large", c.n)
		}
	}
}

func TestMisuse(t *testing.T) {
	block := make([]int16, 2, 5)
	got := allocator.Misuse(allocator.Heap[int16]{}, block, "released twice")
	want := &allocator.MisuseError{
		Allocator: "Heap[int16]",
		Block:     uintptr(unsafe.Pointer(&block[0])),
		Len:       5,
		Type:      "int16",
		Problem:   "released twice",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("MisuseError (-want +got):\n%s", diff)
	}
	text := fmt.Sprintf("Heap[int16]: block %#x of 5 × int16: released twice", want.Block)
	if diff := cmp.Diff(text, got.Error()); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	empty := allocator.Misuse(nil, []any(nil), "")
	if diff := cmp.Diff(&allocator.MisuseError{Type: "interface {}"}, empty,
		cmpopts.IgnoreFields(allocator.MisuseError{}, "Allocator")); diff != "" {
		t.Errorf("MisuseError of nothing (-want +got):\n%s", diff)
	}
}

func TestDescribe(t *testing.T) {
	if got := allocator.Describe(allocator.Heap[map[string]int]{}); got != "Heap[map[string]int]" {
		t.Errorf("a Stringer is described as %s", got)
	}
	if got := allocator.Describe(silent{}); !strings.HasSuffix(got, "_test.silent") {
		t.Errorf("another type is described as %s", got)
	}
}

type silent struct{}

// An Allocate begins with it, so that arithmetic on sizes cannot overflow further on.
func ExampleCheckSize() {
	fmt.Println(allocator.CheckSize[int64](100))
	fmt.Println(allocator.CheckSize[int64](-1))
	fmt.Println(allocator.CheckSize[int64](math.MaxInt))
	// Output:
	// <nil>
	// allocator: negative size
	// allocator: size too large
}
