package platform_test

import (
	"slices"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest"
)

// TestSmallRing checks the contract where both queues of the ring overflow and
// where what is received finds no buffer most of the time.
func TestSmallRing(t *testing.T) {
	if !slices.Contains(platform.Backends(), "io_uring") {
		t.Skip("no io_uring here")
	}
	for name, packed := range map[string]bool{"single": false, "packed": true} {
		t.Run(name, func(t *testing.T) {
			platform.SmallRing(t, packed)
			proptest.Platform(t, func(options ...platform.Option) (*platform.Proactor, error) {
				return platform.New(append(options, platform.WithBackend("io_uring"))...)
			})
		})
	}
}
