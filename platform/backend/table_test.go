package backend_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// What a kernel is told about a socket is an index. What it finds there later stays
// valid, and a generation says whether it is still meant.
func ExampleTable() {
	type socket struct {
		backend.Socket
		generation uint32
	}
	var table backend.Table[socket]
	index, s := table.New()
	event := [2]uint32{index, s.generation}

	s.generation++ // the socket is closed
	table.Free(index)
	_, next := table.New()

	late := table.At(event[0])
	fmt.Println("the same place:", late == next, "- still meant:", late.generation == event[1])
	// Output: the same place: true - still meant: false
}

// TestTable takes many out, and finds each where it was.
func TestTable(t *testing.T) {
	const n = 5000
	var table backend.Table[int]
	found := make(map[*int]uint32)
	for want := range uint32(n) {
		index, p := table.New()
		if index != want {
			t.Fatalf("number %d has the index %d", want, index)
		}
		*p = int(index)
		found[p] = index
	}
	if len(found) != n {
		t.Fatalf("%d indices have only %d places", n, len(found))
	}
	for p, index := range found {
		if table.At(index) != p || *p != int(index) {
			t.Fatalf("what has the index %d has moved", index)
		}
	}
	table.Free(7)
	table.Free(4321)
	if a, _ := table.New(); a != 4321 {
		t.Errorf("index %d is used again, and 4321 was freed last", a)
	}
	if b, p := table.New(); b != 7 || *p != 7 {
		t.Errorf("index %d is used again, with %d in it", b, *p)
	}
}

// TestTableShared has goroutines take out, give back and look at the same time.
func TestTableShared(t *testing.T) {
	var table backend.Table[struct {
		sync.Mutex
		owner int
	}]
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for range 3000 {
				index, p := table.New()
				p.Lock()
				p.owner = g + 1
				p.Unlock()
				other := table.At(index / 2)
				other.Lock()
				if other.owner < 0 {
					t.Errorf("index %d has an owner of its own making", index/2)
				}
				other.Unlock()
				p.Lock()
				if p.owner != g+1 {
					t.Errorf("index %d has two owners", index)
				}
				p.owner = 0
				p.Unlock()
				if index%3 == 0 {
					table.Free(index)
				}
			}
		})
	}
	all.Wait()
}
