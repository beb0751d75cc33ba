package combinators_test

import (
	"encoding/json"
	"expvar"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

func ExampleStats() {
	a := combinators.NewStats(allocator.Heap[int32]{})
	one, _ := a.Allocate(1)
	ten, _ := a.Allocate(10)
	a.Deallocate(one)
	a.Deallocate(ten)
	c := a.Counts()
	fmt.Printf("%v: %d blocks, at most %d bytes at once\n", a, c.Total, c.PeakBytes)
	// Output: Stats(Heap[int32]): 2 blocks, at most 44 bytes at once
}

func ExampleStats_Var() {
	buffers := combinators.NewStats(allocator.Heap[byte]{})
	expvar.Publish("buffers", buffers.Var())

	b, _ := buffers.Allocate(512)
	defer buffers.Deallocate(b)
	fmt.Println(expvar.Get("buffers"))
	// Output: {"live":1,"peak":1,"total":1,"failures":0,"live_bytes":512,"peak_bytes":512,"total_bytes":512}
}

func TestStatsCounts(t *testing.T) {
	parent := newCapableSource[int64](t)
	parent.limit = 10
	a := combinators.NewStats(parent)
	var s, r []int64
	for _, step := range []struct {
		name string
		do   func()
		want combinators.Counts
	}{
		{"new", func() {}, combinators.Counts{}},
		{"empty", func() { a.Deallocate(take(t, a, 0)) }, combinators.Counts{}},
		{"one", func() { s = take(t, a, 3) },
			combinators.Counts{Live: 1, Peak: 1, Total: 1, LiveBytes: 24, PeakBytes: 24, TotalBytes: 24}},
		{"two", func() { r = take(t, a, 4) },
			combinators.Counts{Live: 2, Peak: 2, Total: 2, LiveBytes: 56, PeakBytes: 56, TotalBytes: 56}},
		{"failures", func() { a.Allocate(-1); a.Allocate(4); a.Allocate(11) },
			combinators.Counts{Live: 2, Peak: 2, Total: 2, Failures: 3, LiveBytes: 56, PeakBytes: 56, TotalBytes: 56}},
		{"release", func() { a.Deallocate(s[:0]) },
			combinators.Counts{Live: 1, Peak: 2, Total: 2, Failures: 3, LiveBytes: 32, PeakBytes: 56, TotalBytes: 56}},
		{"shrink", func() { r, _ = a.Resize(r, 1) },
			combinators.Counts{Live: 1, Peak: 2, Total: 2, Failures: 3, LiveBytes: 8, PeakBytes: 56, TotalBytes: 56}},
		{"no growth", func() { a.Resize(r, 5) },
			combinators.Counts{Live: 1, Peak: 2, Total: 2, Failures: 3, LiveBytes: 8, PeakBytes: 56, TotalBytes: 56}},
		{"reset", a.Reset,
			combinators.Counts{Peak: 2, Total: 2, Failures: 3, PeakBytes: 56, TotalBytes: 56}},
	} {
		step.do()
		if diff := cmp.Diff(step.want, a.Counts()); diff != "" {
			t.Fatalf("after %q (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestStatsCountsGrowth(t *testing.T) {
	a := combinators.NewStats(growing{})
	s := take(t, a, 2)
	if s, _ = a.Resize(s, 7); cap(s) != 7 {
		t.Fatal("no growth")
	}
	if s, _ = a.Resize(s, 8); cap(s) != 8 {
		t.Fatal("no growth by one")
	}
	a.Deallocate(s)
	want := combinators.Counts{Peak: 1, Total: 1, PeakBytes: 8, TotalBytes: 8}
	if diff := cmp.Diff(want, a.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// growing has blocks with room to grow.
type growing struct{ allocator.Heap[byte] }

func (growing) Allocate(n int) ([]byte, error) { return make([]byte, 100)[:n:n], nil }
func (growing) Resize(s []byte, n int) ([]byte, bool) {
	return append(s, make([]byte, n-cap(s))...)[:n:n], true
}

func TestStatsReadWhileInUse(t *testing.T) {
	a := combinators.NewStats(allocator.Heap[byte]{})
	v := a.Var()
	var users, reader sync.WaitGroup
	stop := make(chan struct{})
	reader.Go(func() {
		for {
			var c combinators.Counts
			if err := json.Unmarshal([]byte(v.String()), &c); err != nil {
				t.Error(err)
			}
			if c.Live < 0 || c.LiveBytes < 0 || c.Peak > 4 {
				t.Errorf("impossible counts: %v", c)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for range 4 {
		users.Go(func() {
			for range 1000 {
				a.Deallocate(take(t, a, 5))
			}
		})
	}
	users.Wait()
	close(stop)
	reader.Wait()
	if c := a.Counts(); c.Live != 0 || c.Total != 4000 || c.TotalBytes != 20000 {
		t.Errorf("counts are %v", c)
	}
}

func BenchmarkStats(b *testing.B) {
	benchmarkPair(b, "interface", combinators.NewStats(new(combinators.SingleSlot[element])))
	benchmarkPair(b, "uncounted", new(combinators.SingleSlot[element]))
	benchmarkPeers(b)
}
