package chains

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// childVariable tells a child process which engine to run.
const childVariable = "HEIRLOOM_PROPTEST_CHILD"

// withDetector returns a program with the tests of this package and the race
// detector, which is what finds a missing edge.
func withDetector(t *testing.T) string {
	t.Helper()
	if race.Enabled {
		return os.Args[0]
	}
	if testing.Short() {
		t.Skip("building with the race detector takes long")
	}
	tests := filepath.Join(t.TempDir(), "tests.exe")
	build := exec.Command("go", "test", "-race", "-c", "-o", tests, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Skipf("the race detector needs the go command and a C compiler: %v\n%s", err, out)
	}
	return tests
}

// TestVisible says that the race detector reports an engine that calls an
// allocator on another goroutine without a happens-before edge, although a
// ledger watches, and says nothing if there is one. The table of them is in
// testdata/visible.md.
func TestVisible(t *testing.T) {
	tests := withDetector(t)
	rows := []string{"| clause | engine | the race detector reports |", "|---|---|---|"}
	for _, engine := range slices.Sorted(maps.Keys(hidden)) {
		t.Run(engine, func(t *testing.T) {
			child := exec.Command(tests, "-test.run=^TestVisibleChild$")
			child.Env = append(os.Environ(), childVariable+"="+engine)
			out, err := child.CombinedOutput()
			text := string(out)
			if !strings.Contains(text, "no violation in the run") {
				t.Fatalf("the child has not run to its end: %v\n%s", err, text)
			}
			reported := strings.Contains(text, "DATA RACE") && strings.Contains(text, ".touch()")
			if want := hidden[engine].missing; reported != want || (err != nil) != want {
				t.Errorf("a race is reported: %v, want %v: look at whether recording an event synchronises (record.go)\n%s", reported, want, text)
			}
			says := "nothing"
			if reported {
				says = "a data race"
			}
			rows = append(rows, fmt.Sprintf("| %v | %s | %s |", contract.Visible, engine, says))
		})
	}
	keepTable(t, "visible.md", rows, len(hidden), false)
}

// hidden are engines that call the allocator of a handler on another goroutine,
// and whether the edges are missing that must order the call.
var hidden = map[string]struct {
	missing             bool
	call                func(f func())
	allocates, releases bool
}{
	"releases without an edge":  {missing: true, call: unordered, releases: true},
	"releases with an edge":     {call: elsewhere, releases: true},
	"allocates without an edge": {missing: true, call: unordered, allocates: true},
	"allocates with an edge":    {call: elsewhere, allocates: true},
}

// TestVisibleChild is what TestVisible runs.
func TestVisibleChild(t *testing.T) {
	engine, ok := hidden[os.Getenv(childVariable)]
	if !ok {
		t.Skip("runs in a child process of TestVisible")
	}
	wrap := func(h ops.Handler) ops.Handler {
		return falsify(func(_ *falsified, a *source) {
			call := func(f func()) {
				l := chainOf(h).run.ledger
				engine.call(func() { l.Call(f) })
			}
			if engine.allocates {
				a.allocate = func(n int) (s []ops.Operation, err error) {
					call(func() { s, err = a.Allocator.Allocate(n) })
					return s, err
				}
			}
			if engine.releases {
				a.deallocate = func(s []ops.Operation) { call(func() { a.Allocator.Deallocate(s) }) }
			}
		})(h)
	}
	program := Program{Runners: 1, Chains: []Chain{{
		Name:  "posts",
		Steps: []Step{{Kind: "post"}, {Kind: "post"}, {Kind: "post"}},
	}}}
	report, err := Run(program, platform.New, Wrapping(wrap))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) > 0 {
		t.Fatal(report)
	}
	os.Stdout.WriteString("no violation in the run\n")
}

// unordered is elsewhere, and the race detector does not see that f has
// returned.
func unordered(f func()) {
	returned := new(atomic.Bool)
	go func() {
		f()
		storeUnseen(returned)
	}()
	awaitUnseen(returned)
}

func storeUnseen(b *atomic.Bool) {
	race.Off()
	b.Store(true)
	race.On()
}

func awaitUnseen(b *atomic.Bool) {
	race.Off()
	for !b.Load() {
		runtime.Gosched()
	}
	race.On()
}

// TestCollected says that a block which the Go runtime takes back while it is
// handed out breaks clause 9, Stable.
func TestCollected(t *testing.T) {
	l := contract.NewLedger()
	l.Reachability = true
	c := l.Chain("forgetful")
	a := contract.Watch[ops.Operation](c, nil)
	h := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), a)
	c.Start("forget", h, func(h ops.Handler) {
		if _, err := ops.AllocatorOf[ops.Operation](h, nil).Allocate(1); err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(10 * time.Second); len(l.Violations()) == 0; runtime.GC() {
		if time.Now().After(end) {
			t.Fatal("nothing was reported")
		}
	}
	if v := l.Violations()[0]; v.Clause != 9 {
		t.Errorf("got %v", v)
	}
}
