package fakering

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// programs is how many are compared.
const programs = 100

// TestAsTheKernel runs programs on the kernel's ring and on fakes. What is determined is the
// same with all, and what is not is, with the kernel, as with one of the fakes.
func TestAsTheKernel(t *testing.T) {
	n := uint64(programs)
	if testing.Short() {
		n /= 4
	}
	linux := releaseOf(t, uring.Kernel{})
	for seed := range n {
		if !compare(t, seed, linux) {
			return
		}
	}
}

// fakes is with how many seeds a program is run, and manyFakes if none was like the kernel.
const fakes, manyFakes = 5, 3000

// compare runs a program, and reports whether it has the results that it should.
func compare(t *testing.T, seed uint64, linux release) bool {
	p := drawProgram(seed)
	p.packed = p.packed && linux >= linux6_12
	var runs []trace
	more := func(n int) {
		for range n {
			fake := New(uint64(len(runs)))
			fake.linux = linux
			runs = append(runs, execute(t, p, fake, nil))
		}
	}
	more(fakes)
	if !p.racy {
		for i, r := range runs[1:] {
			if !slices.Equal(r.sure, runs[0].sure) {
				t.Errorf("program %d: %v\nfake 0:\n%s\nfake %d:\n%s", seed, p, runs[0], i+1, r)
				return false
			}
		}
	}
	like := func(so trace, free bool) bool {
		return slices.ContainsFunc(runs, func(r trace) bool { return r.begins(so, free) })
	}
	// The kernel may need its time on a busy machine, or be like none of these fakes.
	asked := 0
	kernel := execute(t, p, uring.Kernel{}, func(so trace) bool {
		if asked++; p.racy && asked%200 == 0 && len(runs) < manyFakes {
			more(50)
		}
		return like(so, false)
	})
	if t.Failed() {
		t.Logf("program %d; a fake:\n%s", seed, runs[0])
		return false
	}
	for !like(kernel, true) {
		if len(runs) >= manyFakes {
			t.Errorf("program %d: %v\nthe kernel:\n%s\nno fake of %d; for example\n%s", seed, p, kernel, len(runs), runs[0])
			return false
		}
		more(50)
	}
	return true
}

// A trace is what came of a program, at each point where nothing more happens.
type trace struct {
	sure, free []string // what is determined unless the program is racy, and the rest
}

func (r trace) String() string {
	var b strings.Builder
	for i := range r.sure {
		fmt.Fprintf(&b, "  %s  [%s]\n", r.sure[i], r.free[i])
	}
	return b.String()
}

// begins reports whether a trace begins with another.
func (r trace) begins(with trace, free bool) bool {
	n := len(with.sure)
	return len(r.sure) >= n && slices.Equal(r.sure[:n], with.sure) && (!free || slices.Equal(r.free[:n], with.free))
}

// needed skips the test where there is no io_uring, unless it must be there.
func needed(t *testing.T, errno syscall.Errno) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("HEIRLOOM_REQUIRE"), ","), "io_uring") {
		t.Fatalf("no ring: %v", errno)
	}
	t.Skipf("no ring: %v", errno)
}
