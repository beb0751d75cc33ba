package platform_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestRequired fails where a backend is missing that the environment variable
// HEIRLOOM_REQUIRE names, one of several with commas between them. All tests take
// the backends that there are, so without one they pass and have tried less.
func TestRequired(t *testing.T) {
	required := os.Getenv("HEIRLOOM_REQUIRE")
	if required == "" {
		t.Skip("HEIRLOOM_REQUIRE names none")
	}
	backends := platform.Backends()
	for name := range strings.SplitSeq(required, ",") {
		if slices.Contains(backends, name) {
			continue
		}
		p, err := platform.New(platform.WithBackend(name))
		if err == nil {
			p.Close()
		}
		t.Errorf("HEIRLOOM_REQUIRE wants %q, there are %q, and none of its tests has run: %v", name, backends, err)
	}
}
