package uring_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// TestLoad follows what a load calls for while looks bring more and fewer completions.
func TestLoad(t *testing.T) {
	var l uring.Load
	bring := func(n, times int) {
		for range times {
			l.Add(n)
		}
	}
	want := func(oneShot bool, when string) {
		t.Helper()
		if l.OneShot() != oneShot {
			t.Errorf("%s: one-shot is %v", when, !oneShot)
		}
	}
	want(true, "at first")
	bring(1, 100)
	want(true, "with one at a time")
	bring(256, 1)
	want(true, "after a look that has brought very much")
	bring(6, 100)
	want(true, "between the bounds, from below")
	bring(64, 100)
	want(false, "with many at a time")
	bring(6, 100)
	want(false, "between the bounds, from above")
	bring(1, 1)
	want(false, "after a look that has brought little")
	bring(1, 100)
	want(true, "with one at a time again")
}
