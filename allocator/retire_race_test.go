//go:build race

package allocator_test

import (
	"runtime"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
)

// A block goes from one goroutine to another by a flag that the race detector
// does not see, so nothing but Retire and Reissue tells it that the second
// comes after the first. The detector fails the test if they do not.
func TestReleaseHappensBeforeReuse(t *testing.T) {
	block := make([]int, 4)
	var released bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !unseenLoad(&released) {
			runtime.Gosched()
		}
		allocator.Reissue(block)
		block[3]++
	}()
	block[3]++
	allocator.Retire(block)
	unseenStore(&released)
	<-done
	if block[3] != 2 {
		t.Errorf("%d increments, want 2", block[3])
	}
}

//go:norace
//go:noinline
func unseenLoad(flag *bool) bool { return *flag }

//go:norace
//go:noinline
func unseenStore(flag *bool) { *flag = true }
