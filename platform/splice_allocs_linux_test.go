//go:build !race && !bsdcalls

package platform_test

import (
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestSpliceAllocatesNothing moves large blocks through a pipe that is open, each way.
func TestSpliceAllocatesNothing(t *testing.T) {
	for _, b := range []string{"epoll", "io_uring"} {
		t.Run(b, func(t *testing.T) {
			if !slices.Contains(platform.Backends(), b) {
				t.Skip("not here")
			}
			w, x := mode{backend: b}.openSplicing(t)
			wantPipeAllocatesNothing(t, w, make([]byte, 8<<10), 400_000)
			if n := x.taken.Load(); n < 70 {
				t.Errorf("something was spliced only %d times", n)
			}
		})
	}
}
