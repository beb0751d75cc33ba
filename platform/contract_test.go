package platform_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// TestContract runs arbitrary chains in every mode that the engine can be in, each of
// them forced. (Package proptest runs them in those that the engine chooses.)
func TestContract(t *testing.T) {
	for _, way := range []struct {
		name    string
		option  platform.Option
		flushes bool // with each operation
	}{
		{"parks at once and flushes late", platform.Spin(0), false},
		{"looks and flushes at once", platform.Spin(50 * time.Microsecond), true},
	} {
		for i, m := range modesAndFakes() {
			if (m.receive != "" || m.backend == "portable" || strings.HasPrefix(m.backend, "fake")) && i%2 == 0 != way.flushes {
				continue // one way is enough
			}
			if m.runners > 0 {
				m.runners = 4
			}
			t.Run(m.String()+"/"+way.name, func(t *testing.T) {
				var mu sync.Mutex // what is opened is in the mode that is forced then
				open := func(options ...platform.Option) (*platform.Proactor, error) {
					mu.Lock()
					defer mu.Unlock()
					defer forceReceive(m.receive)()
					p, err := platform.New(append(options, platform.WithBackend(m.backend), way.option)...)
					if err == nil {
						platform.ForceFlushes(p, way.flushes)
					}
					return p, err
				}
				chains.Platform(t, open, chains.Runners(m.runners))
			})
		}
	}
}
