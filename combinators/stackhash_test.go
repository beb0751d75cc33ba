package combinators

import (
	"sync"
	"testing"
)

// Goroutines that live at once look at many shards first, not at a few.
func TestHomesAreSpread(t *testing.T) {
	const goroutines, shards = 200, 64
	var homes [goroutines]int
	var hashed, ended sync.WaitGroup
	hashed.Add(goroutines)
	for i := range homes {
		ended.Go(func() {
			homes[i] = homeOf(shards)
			hashed.Done()
			hashed.Wait() // so that no stack is used again
		})
	}
	ended.Wait()
	different := map[int]bool{}
	for _, home := range homes {
		different[home] = true
	}
	if len(different) < shards/4 {
		t.Errorf("%d goroutines look at %d of %d shards first", goroutines, len(different), shards)
	}
}
