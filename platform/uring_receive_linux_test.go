package platform_test

import (
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
	"github.com/heirloom-go/heirloom/platform/internal/uring/fakering"
)

// What the load has io_uring choose between is tested as if each were all there is.
func init() {
	receives := map[string]uring.ReceiveMode{
		"one-shot":  uring.OneShot,
		"multishot": uring.Multishot,
		"unlimited": uring.Unlimited,
	}
	receiveModes["io_uring"] = []mode{
		{backend: "io_uring", receive: "one-shot"},
		{backend: "io_uring", receive: "multishot"},
		{backend: "io_uring", receive: "multishot", runners: 3},
		{backend: "io_uring", receive: "unlimited"},
	}
	nextSeed = platform.NextSeed
	fakeRings = []mode{
		{backend: fakering.Name, receive: "multishot"},
		{backend: fakering.Name, runners: 3},
		{backend: fakering.Name, receive: "multishot", runners: 3},
	}
	forceReceive = func(name string) func() {
		before := uring.Receive.Swap(int32(receives[name])) // Adaptive for none
		return func() { uring.Receive.Store(before) }
	}
}
