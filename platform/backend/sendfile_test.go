package backend

import (
	"math"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestSentTooMuch sends a file with more bytes than an int can count, as any of 2 GiB has on a
// 32-bit system.
func TestSentTooMuch(t *testing.T) {
	op := new(ops.Operation)
	SetSourceFile(op, new(Socket), 0, -1)
	op.N = math.MaxInt - 10
	for i := 0; ; i++ {
		_, size := NextPart(op, 6)
		if Sent(op, size) {
			break
		}
		if i == 10 {
			t.Fatal("it does not end")
		}
	}
	if op.Err == nil || op.N != math.MaxInt {
		t.Errorf("told %d, %v, want %v", op.N, op.Err, syscall.EOVERFLOW)
	}
}
