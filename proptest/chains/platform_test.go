package chains_test

import (
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// TestPlatform runs arbitrary chains on every backend that works here.
func TestPlatform(t *testing.T) {
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			open := func(options ...platform.Option) (*platform.Proactor, error) {
				return platform.New(append(options, platform.WithBackend(backend))...)
			}
			for runners := range 5 {
				name := fmt.Sprintf("%d runners", runners)
				if runners == 0 {
					name = "SingleRunner"
				}
				t.Run(name, func(t *testing.T) { chains.Platform(t, open, chains.Runners(runners)) })
			}
		})
	}
}
