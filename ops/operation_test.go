package ops_test

import (
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// The shorter of two timeouts counts, and none is longer than any.
func TestLimit(t *testing.T) {
	var op ops.Operation
	for _, test := range []struct{ limit, want time.Duration }{
		{0, 0},
		{2 * time.Second, 2 * time.Second},
		{3 * time.Second, 2 * time.Second},
		{0, 2 * time.Second},
		{time.Second, time.Second},
	} {
		op.Limit(test.limit)
		d, ok := op.Timeout()
		if limited := test.want != 0; d != test.want || ok != limited || op.Limited() != limited {
			t.Errorf("after Limit(%v) the timeout is %v, %v, want %v", test.limit, d, ok, test.want)
		}
	}
	op.SetWhen(7)
	if _, ok := op.Timeout(); ok || !op.Limited() || op.When != 7 {
		t.Error("a time is not taken for a timeout, and stays one")
	}
}
