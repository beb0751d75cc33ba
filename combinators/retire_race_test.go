//go:build race

package combinators_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The programs use a T without pointers, so that a release writes nothing to
// the block: only Retire makes it visible to the race detector.
const programHead = `package main

import (
	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

var total uint64

func use(s [][8]uint64) { total += s[0][5] }

func main() {
	a := combinators.NewThreadSafe(ALLOCATOR)
	done := make(chan bool)
`

const useAfterRelease = programHead + `
	s, _ := a.Allocate(1)
	go func() {
		use(s)
		done <- true
	}()
	a.Deallocate(s)
	<-done
}

var _ allocator.Heap[int]
`

const handedOver = programHead + `
	s, _ := a.Allocate(1)
	s[0][5]++
	a.Deallocate(s)
	go func() {
		s, _ := a.Allocate(1)
		s[0][5]++
		use(s)
		a.Deallocate(s)
		done <- true
	}()
	<-done
	s, _ = a.Allocate(1)
	use(s)
	a.Deallocate(s)
}

var _ allocator.Heap[int]
`

const useAfterReset = programHead + `
	s, _ := a.Allocate(1)
	a.Allocate(3)
	a.Allocate(2)
	go func() {
		use(s)
		done <- true
	}()
	a.Reset()
	<-done
}

var _ allocator.Heap[int]
`

func TestRaceDetectorSeesUseAfterRelease(t *testing.T) {
	for _, c := range []struct{ name, allocator string }{
		{"SingleSlot", "new(combinators.SingleSlot[[8]uint64])"},
		{"Recycling", "combinators.NewRecycling(allocator.Heap[[8]uint64]{}, 4)"},
		{"Sharded", "combinators.NewSharded(allocator.Heap[[8]uint64]{}, 100)"},
		{"Cascade", "combinators.NewCascade(func(n int) allocator.Allocator[[8]uint64] { return combinators.NewSlab(allocator.Heap[[8]uint64]{}, n) })"},
		{"Checked", "combinators.NewChecked(allocator.Heap[[8]uint64]{})"},
		{"Slots", "new(combinators.Slots[[8]uint64])"},
		{"Pool", "combinators.NewPool(allocator.Heap[[8]uint64]{})"},
		{"Slab", "combinators.NewSlab(allocator.Heap[[8]uint64]{}, 4)"},
		{"Region", "combinators.NewRegion(allocator.Heap[[8]uint64]{}, 4)"},
		{"Arena", "combinators.NewArena(allocator.Heap[[8]uint64]{}, 4)"},
		{"Buddy", "combinators.NewBuddy(allocator.Heap[[8]uint64]{}, 4, 1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report, err := runWithRaceDetector(t, useAfterRelease, c.allocator)
			if err == nil || !strings.Contains(report, "WARNING: DATA RACE") {
				t.Fatalf("a use after release was not reported; error %v, output:\n%s", err, report)
			}
			for _, want := range []string{"main.use(", "]).Deallocate("} {
				if !strings.Contains(report, want) {
					t.Errorf("the report does not show %q:\n%s", want, report)
				}
			}
			if report, err := runWithRaceDetector(t, handedOver, c.allocator); err != nil {
				t.Errorf("a correct program fails: %v\n%s", err, report)
			}
		})
	}
}

func TestRaceDetectorSeesUseAfterReset(t *testing.T) {
	for _, c := range []struct{ name, allocator string }{
		{"Slab", "combinators.NewSlab(allocator.Heap[[8]uint64]{}, 8)"},
		{"Region", "combinators.NewRegion(allocator.Heap[[8]uint64]{}, 8)"},
		{"Arena", "combinators.NewArena(allocator.Heap[[8]uint64]{}, 2)"},
		{"Buddy", "combinators.NewBuddy(allocator.Heap[[8]uint64]{}, 8, 1)"},
		{"Scoped", "combinators.NewScoped(combinators.NewRecycling(allocator.Heap[[8]uint64]{}, 8))"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			report, err := runWithRaceDetector(t, useAfterReset, c.allocator)
			if err == nil || !strings.Contains(report, "WARNING: DATA RACE") {
				t.Fatalf("a use after Reset was not reported; error %v, output:\n%s", err, report)
			}
			for _, want := range []string{"main.use(", "]).Reset("} {
				if !strings.Contains(report, want) {
					t.Errorf("the report does not show %q:\n%s", want, report)
				}
			}
		})
	}
}

// runWithRaceDetector runs a program on an allocator and returns what it
// prints. The error is the program's.
func runWithRaceDetector(t *testing.T, program, allocator string) (string, error) {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command: ", err)
	}
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(strings.Replace(program, "ALLOCATOR", allocator, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command(tool, "run", "-race", file).CombinedOutput()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(output), err
}
