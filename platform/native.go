package platform

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/portable"
)

// A nativeBackend is a backend of this package. Those of this system, best
// first, are native, in a file for the system.
type nativeBackend struct {
	name    string
	open    func(backend.Host) (backend.Backend, error)
	refused func() error // why the system refuses it; nil if every system allows it
}

// Backends returns the names of the backends that the process may use on this
// system, best first.
func Backends() []string {
	var names []string
	for _, n := range native {
		if n.refused == nil || n.refused() == nil {
			names = append(names, n.name)
		}
	}
	return names
}

// openBackend opens the backend that is asked for, or the best that works, and also
// returns why it is not a better one.
func openBackend(c config, host backend.Host) (b backend.Backend, fallback, err error) {
	if c.backend != nil {
		b, err = c.backend(host)
		return b, nil, err
	}
	name := c.name
	if name == "" {
		name = os.Getenv("HEIRLOOM_BACKEND")
	}
	var failed error
	for _, n := range native {
		if name != "" && name != n.name {
			continue
		}
		b, err := n.open(host)
		if err == nil {
			return b, failed, nil
		}
		failed = errors.Join(failed, fmt.Errorf("platform: %s: %w", n.name, err))
	}
	if failed == nil {
		failed = fmt.Errorf("platform: no backend %q on this system: there is %s", name, strings.Join(Backends(), ", "))
	}
	return nil, nil, failed
}

func openPortable(host backend.Host) (backend.Backend, error) { return portable.New(host, nil), nil }
