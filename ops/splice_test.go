package ops

import "testing"

// TestHaul has reads and splices bring so much, and asks whether to splice next.
func TestHaul(t *testing.T) {
	const size = 32 << 10
	var x haul
	for i, step := range []struct {
		read, spliced int // one of them, or -1
		pays          bool
	}{
		{1000, -1, false},
		{size, -1, false},
		{1000, -1, false}, // not in a row
		{size, -1, false},
		{size, -1, true},
		{-1, 200_000, true},
		{-1, 100_000, true},
		{-1, size, false}, // no more than a read: four reads now
		{size, -1, false},
		{size, -1, false},
		{size, -1, false},
		{size, -1, true},
		{-1, 0, false}, // eight
		{size, -1, false},
	} {
		if step.read >= 0 {
			x.read(step.read, size)
		} else {
			x.spliced(step.spliced, size)
		}
		if x.pays() != step.pays {
			t.Fatalf("step %d, %+v: %v", i, step, x)
		}
	}
	for range 100 {
		x.spliced(0, size)
	}
	for n := 1; ; n++ {
		if x.read(size, size); x.pays() {
			if n != mostNeed {
				t.Errorf("after %d reads", n)
			}
			break
		}
	}
	if x.spliced(size+size/2, size); x.need != 0 {
		t.Errorf("a long one has left a need of %d", x.need)
	}
	var small haul
	if small.read(16, 16); small.pays() {
		t.Error("one read")
	}
	if small.read(16, 16); !small.pays() {
		t.Error("two reads that have filled a small buffer are not long")
	}
}
