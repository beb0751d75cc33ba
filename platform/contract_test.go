package platform_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest"
)

// TestContract runs arbitrary chains in every mode that the engine can be in, each of
// them forced. (Package proptest runs them in those that the engine chooses.)
func TestContract(t *testing.T) {
	for _, waits := range []struct {
		name   string
		option platform.Option
	}{
		{"parks at once", platform.Spin(0)},
		{"looks", platform.Spin(50 * time.Microsecond)},
	} {
		for _, flushes := range []string{"at once", "late"} {
			for _, m := range modes() {
				if m.runners > 0 {
					m.runners = 4
				}
				if flushes == "at once" && m.backend != "io_uring" {
					continue // it collects nothing
				}
				t.Run(fmt.Sprintf("%s/%s/flushes %s", m, waits.name, flushes), func(t *testing.T) {
					var mu sync.Mutex // what is opened is in the mode that is forced then
					open := func(options ...platform.Option) (*platform.Proactor, error) {
						mu.Lock()
						defer mu.Unlock()
						defer forceReceive(m.receive)()
						p, err := platform.New(append(options, platform.WithBackend(m.backend), waits.option)...)
						if err == nil {
							platform.ForceFlushes(p, flushes == "at once")
						}
						return p, err
					}
					proptest.Platform(t, open, proptest.Runners(m.runners))
				})
			}
		}
	}
}
