package goroutine_test

import (
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/ops/internal/goroutine"
)

func TestSelf(t *testing.T) {
	switch runtime.GOARCH {
	case "amd64", "386", "arm64":
	default:
		t.Skip("not known on " + runtime.GOARCH)
	}
	mine := goroutine.Self()
	others := make(chan uintptr)
	for range 3 {
		go func() { others <- goroutine.Self() }()
	}
	for range 3 {
		if other := <-others; other == mine || other == 0 || mine == 0 {
			t.Errorf("two goroutines are %#x and %#x", mine, other)
		}
	}
	runtime.GC() // and a stack may move
	if now := deep(100); now != mine {
		t.Errorf("the goroutine was %#x and is %#x", mine, now)
	}
}

//go:noinline
func deep(n int) uintptr {
	var frame [1024]byte
	if n == 0 {
		return goroutine.Self()
	}
	frame[n] = byte(n)
	return deep(n-1) + uintptr(frame[0])
}
