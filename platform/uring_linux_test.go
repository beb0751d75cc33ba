package platform_test

import (
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// TestSmallRing checks the contract where both queues of the ring overflow and
// where what is received finds no buffer most of the time.
func TestSmallRing(t *testing.T) {
	if !slices.Contains(platform.Backends(), "io_uring") {
		t.Skip("no io_uring here")
	}
	for name, packed := range map[string]bool{"single": false, "packed": true} {
		t.Run(name, func(t *testing.T) {
			smallRing(t, packed)
			chains.Platform(t, func(options ...platform.Option) (*platform.Proactor, error) {
				return platform.New(append(options, platform.WithBackend("io_uring"))...)
			})
		})
	}
}

// smallRing makes the rings that the test opens so small that their queues
// overflow and that there is hardly ever a buffer.
func smallRing(t *testing.T, packed bool) {
	before := uring.Sizes
	t.Cleanup(func() { uring.Sizes = before })
	mode := uring.Receive.Swap(int32(uring.Multishot)) // else no buffer is asked for
	t.Cleanup(func() { uring.Receive.Store(mode) })
	uring.Sizes = uring.RingSizes{Requests: 2, Completions: 4, Single: uring.BufferSizes{Count: 2, Size: 16}}
	if packed {
		uring.Sizes.Packed = uring.BufferSizes{Count: 2, Size: 64}
	}
}
