package platform_test

import (
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// TestOpenedInARow opens and closes proactors in a row without the privilege to
// lock memory. What they have locked is given back late.
func TestOpenedInARow(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	t.Setenv("HEIRLOOM_BACKEND", "")
	want := platform.Backends()[0]
	unprivileged(t, 2<<20)
	for i := range 300 {
		p, err := platform.New()
		if err != nil {
			t.Fatalf("proactor %d: %v", i, err)
		}
		if p.Backend() != want && !namesMemlock(p.Fallback()) {
			t.Fatalf("proactor %d uses %s, and those before used %s: %v", i, p.Backend(), want, p.Fallback())
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 300 {
		p, err := platform.New(platform.WithBackend(want))
		if err != nil {
			if !namesMemlock(err) {
				t.Fatalf("proactor %d: %v", i, err)
			}
			continue
		}
		p.Close()
	}
}

// TestGroupOfOneKind opens a group for which there is too little memory that it
// may lock: its proactors are of one kind all the same.
func TestGroupOfOneKind(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	t.Setenv("HEIRLOOM_BACKEND", "")
	best := platform.Backends()[0]
	unprivileged(t, 1<<20)
	g, err := platform.NewGroup(16)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	kinds := make(map[string]int)
	for _, p := range g.Proactors() {
		kinds[p.Backend()]++
		if p.Backend() != best && !namesMemlock(p.Fallback()) {
			t.Errorf("the reason to use %s is: %v", p.Backend(), p.Fallback())
		}
	}
	if len(kinds) != 1 {
		t.Errorf("a group of %v", kinds)
	}
	t.Logf("a group of %v", kinds)
}

func namesMemlock(err error) bool {
	return err != nil && strings.Contains(err.Error(), "RLIMIT_MEMLOCK")
}

// unprivileged makes the process one that may lock no more than so many bytes.
func unprivileged(t *testing.T, bytes uint64) {
	t.Helper()
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: bytes, Max: bytes}); err != nil {
		t.Skipf("RLIMIT_MEMLOCK: %v", err)
	}
	if syscall.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	if err := syscall.Setgroups(nil); err != nil {
		t.Skip(err)
	}
	if err := syscall.Setgid(nobody); err != nil {
		t.Skip(err)
	}
	if err := syscall.Setuid(nobody); err != nil {
		t.Skip(err)
	}
}
