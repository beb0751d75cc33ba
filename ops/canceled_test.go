package ops_test

import (
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// A chain that is cancelled when its operation has a result already ends before the next.
func ExampleCancelSlot_Canceled() {
	var l loop
	var slot ops.CancelSlot
	steps := 0
	var h ops.Handler
	h = ops.WithCancelSlot(ops.HandlerFunc(func(_ int, err error) {
		if steps++; err != nil || slot.Canceled() {
			fmt.Println("ended after", steps, "steps, with", err)
			return
		}
		ops.Post(&l, h)
	}), &slot)
	ops.Post(&l, h)
	slot.Cancel() // what is posted runs
	l.run()
	// Output: ended after 1 steps, with <nil>
}

func TestCanceled(t *testing.T) {
	var l loop
	var slot ops.CancelSlot
	var seen []bool
	h := ops.WithCancelSlot(ops.HandlerFunc(func(int, error) { seen = append(seen, slot.Canceled()) }), &slot)
	if slot.Canceled() {
		t.Error("canceled before the first operation")
	}
	for _, cancel := range []bool{false, true, false} {
		ops.Post(&l, h)
		if slot.Canceled() {
			t.Error("canceled while the next operation is outstanding")
		}
		if cancel {
			slot.Cancel()
		}
		l.run()
	}
	if slot.Cancel() || slot.Canceled() {
		t.Error("a cancel between two operations counts")
	}
	if fmt.Sprint(seen) != "[false true false]" {
		t.Errorf("canceled: %v", seen)
	}
}
