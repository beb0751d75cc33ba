package ops

import (
	"math"
	"testing"
)

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
	for _, tt := range []struct {
		n, size int
		long    bool
	}{
		{60 << 10, 128 << 10, false}, // it has left nothing
		{64 << 10, 128 << 10, true},  // as much as io_uring reads at once
		{256 << 10, 1 << 20, true},   // and as epoll does
		{128 << 10, 128 << 10, true},
		{32 << 10, 64 << 10, false},
	} {
		var x haul
		x.read(tt.n, tt.size)
		if x.read(tt.n, tt.size); x.pays() != tt.long {
			t.Errorf("%d bytes in a buffer of %d: %+v", tt.n, tt.size, x)
		}
	}
	var huge haul
	if huge.spliced(longSplice-1, math.MaxInt); huge.need == 0 {
		t.Error("what is less than a huge buffer is long")
	}
	var small haul
	if small.read(16, 16); small.pays() {
		t.Error("one read")
	}
	if small.read(16, 16); !small.pays() {
		t.Error("two reads that have filled a small buffer are not long")
	}
}

// spliced is a stream that counts what it is asked for.
type spliced struct {
	tries, writes, reads, waits int
	empty                       bool // there is nothing to splice
}

func (x *spliced) StartRead(*Operation)         { x.reads++ }
func (*spliced) StartWrite(*Operation)          {}
func (x *spliced) StartWaitReadable(*Operation) { x.waits++ }
func (*spliced) TryRead([]byte) (int, error)    { return 0, ErrWouldBlock }

func (x *spliced) TrySplice(Reader, Writer, *Operation) bool {
	x.tries++
	return !x.empty
}

func (x *spliced) StartSplice(*Operation) { x.writes++ }

// TestSpliceCanceled cancels a copy before its next part, which is to take nothing then.
func TestSpliceCanceled(t *testing.T) {
	for _, canceled := range []bool{true, false} {
		var x spliced
		op := new(Operation)
		op.slot = &CancelSlot{op: op, requested: canceled}
		c := Copier{src: &x, dst: &x, buf: make([]byte, 10), haul: haul{long: firstNeed}}
		if is := c.trySplice(op); is == canceled || x.tries != x.writes || (x.tries > 0) == canceled {
			t.Errorf("canceled %v: spliced %v, tried %d times, written %d times", canceled, is, x.tries, x.writes)
		}
	}
}

// TestSpliceWaits has a copy wait for more after a long splice, instead of reading it, and read
// after a short one, or if there was nothing to splice in the end.
func TestSpliceWaits(t *testing.T) {
	for _, test := range []struct {
		name         string
		spliced      int
		empty        bool // when the wait is over
		waits, reads int
	}{
		{"more comes", longSplice, false, 1, 0},
		{"nothing comes", longSplice, true, 1, 1},
		{"a short splice", longSplice - 1, true, 0, 1},
	} {
		x := spliced{empty: true}
		c := Copier{src: &x, dst: &x, buf: make([]byte, longSplice), haul: haul{long: firstNeed}, splicing: true, writing: true}
		op := new(Operation)
		op.N = test.spliced
		c.takeStep(op)
		x.empty = test.empty
		if test.waits > 0 {
			c.takeStep(op) // there may be something to read
		}
		if x.waits != test.waits || x.reads != test.reads {
			t.Errorf("%s: waited %d times, want %d, and read %d times, want %d", test.name, x.waits, test.waits, x.reads, test.reads)
		}
	}
}
