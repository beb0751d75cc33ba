//go:build !race

package combinators_test

import (
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program is correct without an argument, and uses a block after its
// release with one. Its T has no pointers, so that a release writes nothing to
// the block: only Retire makes it visible to the address sanitizer.
const asanProgram = `package main

import (
	"os"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

type block = [8]uint64

var total uint64

//go:noinline
func use(s []block) { total += s[0][5] }

func main() {
	heap := allocator.Heap[block]{}
	all := map[string]allocator.Allocator[block]{
		"SingleSlot": combinators.NewSingleSlot(heap),
		"Slots":      combinators.NewSlots(heap, 4),
		"Recycling":  combinators.NewRecycling(heap, 100),
		"Pool":       combinators.NewPool(heap),
		"Sharded":    combinators.NewSharded(heap, 1000),
		"Slab":       combinators.NewSlab(heap, 100),
		"Region":     combinators.NewRegion(heap, 100),
		"Arena":      combinators.NewArena(heap, 10),
		"Buddy":      combinators.NewBuddy(heap, 100, 1),
		"Checked":    combinators.NewChecked(heap),
		"of a chunk": combinators.NewRecycling(combinators.NewSlab(heap, 100), 50),
	}
	for name, a := range all {
		for range 3 {
			for _, n := range []int{1, 5, 2} {
				s, _ := a.Allocate(n)
				r, _ := a.Allocate(n)
				use(s)
				use(r)
				a.Deallocate(s)
				a.Deallocate(r)
				if name == os.Args[len(os.Args)-1] {
					use(s)
				}
			}
			a.(allocator.Trimmer).Trim()
		}
	}
}
`

var withASan = flag.Bool("sanitize", false, "build a program with the address sanitizer, and run it")

func TestAddressSanitizerSeesUseAfterRelease(t *testing.T) {
	if !*withASan {
		t.Skip("builds a program, which takes long: see -sanitize")
	}
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Fatal("-sanitize needs the go command: ", err)
	}
	dir := t.TempDir()
	source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(asanProgram), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command(tool, "build", "-asan", "-o", program, source)
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("-sanitize needs a C compiler, and a system that -asan of the go command supports: %v\n%s", err, output)
	}
	if output, err := exec.Command(program).CombinedOutput(); err != nil {
		t.Fatalf("a correct program fails: %v\n%s", err, output)
	}
	for _, name := range []string{
		"SingleSlot", "Slots", "Recycling", "Pool", "Sharded", "Slab", "Region", "Arena", "Buddy", "Checked", "of a chunk",
	} {
		t.Run(name, func(t *testing.T) {
			output, err := exec.Command(program, name).CombinedOutput()
			if exit := new(exec.ExitError); !errors.As(err, &exit) {
				t.Fatalf("a use after release was not reported; error %v, output:\n%s", err, output)
			}
			for _, want := range []string{"AddressSanitizer: use-after-poison", "READ of size 8", "main.use"} {
				if !strings.Contains(string(output), want) {
					t.Errorf("the report does not show %q:\n%s", want, output)
				}
			}
		})
	}
}
