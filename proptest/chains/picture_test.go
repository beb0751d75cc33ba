package chains

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// TestFailurePicture says that a failure names the file of a picture, which is
// still there when the test that failed is over.
func TestFailurePicture(t *testing.T) {
	temporaryIn(t, scratch(t))
	late := Wrapping(releaseLate(func(error) bool { return true }))
	here := failsHere(t, 1, late)
	simulated := failingSeed(t, func(seed uint64) []contract.Violation {
		return simulate(Seed(seed), []Option{Runners(1), late}).violations
	})
	for name, fails := range map[string]func(testing.TB){
		"Platform":             func(tb testing.TB) { Platform(tb, platform.New, Runners(1), late) },
		"Platform, replaying":  func(tb testing.TB) { Platform(tb, platform.New, Runners(1), late, Replaying(here)) },
		"Simulated":            func(tb testing.TB) { Simulated(tb, Runners(1), late) },
		"Simulated, replaying": func(tb testing.TB) { Simulated(tb, Runners(1), late, Replaying(simulated)) },
		"Soak":                 func(tb testing.TB) { Soak(tb, time.Minute, Runners(1), late) },
		"Explore":              func(tb testing.TB) { Explore(tb, smallProgram(), late) },
	} {
		t.Run(name, func(t *testing.T) {
			var out string
			t.Run("a test", func(t *testing.T) { out = failing(t, fails) })
			files := regexp.MustCompile(`picture of the run: (.*\.svg)`).FindAllStringSubmatch(out, -1)
			if len(files) != 1 {
				t.Fatalf("%d pictures are named in\n%s", len(files), out)
			}
			picture, err := os.ReadFile(files[0][1])
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"<svg", t.Name() + "/a_test", contract.ReleasedFirst.String()} {
				if !strings.Contains(string(picture), want) {
					t.Errorf("there is no %q in\n%s", want, picture)
				}
			}
		})
	}
}

// temporaryIn has temporary files of the test made in a directory.
func temporaryIn(t *testing.T, dir string) {
	for _, name := range []string{"TMPDIR", "TMP"} { // TMP is for Windows
		t.Setenv(name, dir)
	}
}

// scratch returns a directory for temporary files. What is in it may be in use still when the
// test ends, as a run that is stuck closes nothing, and then stays there where a system does not
// remove what is in use.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chains")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
