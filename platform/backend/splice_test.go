package backend_test

import (
	"fmt"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// A backend has taken 1000 bytes, and then writes them in two parts.
func ExampleSpliced() {
	type pipe struct{ read, write int }
	op := new(ops.Operation)
	backend.SetSpliced(op, unsafe.Pointer(&pipe{3, 4}), 1000)
	for _, n := range []int{600, 400} {
		at, left := backend.Spliced(op)
		fmt.Println("of pipe", (*pipe)(at).read, "there are", left, "bytes left")
		op.N += n
	}
	_, left := backend.Spliced(op)
	fmt.Println(left)
	// Output:
	// of pipe 3 there are 1000 bytes left
	// of pipe 3 there are 400 bytes left
	// 0
}
