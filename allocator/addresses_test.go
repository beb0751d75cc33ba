package allocator

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// Addresses find what a plain sorted list finds, whatever is added and removed.
func TestAddresses(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var a addresses
	var plain []uintptr
	for step := range 20000 {
		grows := step/4000%2 == 0 // up to some thousands, then down, and up again
		if start := uintptr(random.IntN(1 << 16)); random.IntN(4) != 0 == grows {
			if i, there := slices.BinarySearch(plain, start); !there {
				plain = slices.Insert(plain, i, start)
				a.add(pageBlock{start: start, capacity: step})
			}
		} else if len(plain) != 0 {
			i := random.IntN(len(plain))
			a.remove(plain[i])
			plain = slices.Delete(plain, i, i+1)
		}
		address := uintptr(random.IntN(1 << 16))
		i, there := slices.BinarySearch(plain, address)
		if _, found := a.find(address); found != there {
			t.Fatalf("step %d: find(%d) is %v, want %v", step, address, found, there)
		}
		if !there {
			i--
		}
		b, found := a.atOrBelow(address)
		if found != (i >= 0) || found && b.start != plain[i] {
			t.Fatalf("step %d: atOrBelow(%d) is %d and %v", step, address, b.start, found)
		}
	}
	var all []uintptr
	for _, run := range a.runs {
		if len(run) == 0 || len(run) > maxRun || !slices.IsSortedFunc(run, func(a, b pageBlock) int { return cmp.Compare(a.start, b.start) }) {
			t.Fatalf("a run of %d blocks, sorted %v", len(run), run)
		}
		for _, b := range run {
			all = append(all, b.start)
		}
	}
	if !slices.Equal(all, plain) {
		t.Errorf("has %d blocks, want %d", len(all), len(plain))
	}
}
