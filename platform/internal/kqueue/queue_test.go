//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue

import (
	"math"
	"testing"

	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// TestPack has names pass through an event, and tells which cannot.
func TestPack(t *testing.T) {
	for _, n := range []readiness.Name{
		{}, {Index: 1}, {Generation: 1}, {Index: 1<<indexBits - 1, Generation: math.MaxUint32},
		{Index: 12345, Generation: 0xdeadbeef},
	} {
		data, ok := pack(n)
		got := unpack(data)
		if !ok || got.Index != n.Index || got.Generation != n.Generation&^forgets {
			t.Errorf("%v is packed: %t, and unpacked as %v", n, ok, got)
		}
	}
	if _, ok := pack(readiness.Name{Index: math.MaxUint32}); ok != (wordBits == 64) {
		t.Errorf("a name that does not fit into %d bits is packed: %t", wordBits, ok)
	}
	if bits := forgets; (bits == 0) != (wordBits == 64) {
		t.Errorf("with %d bits, %#x are forgotten", wordBits, bits)
	}
}

// TestMeaning says what events mean.
func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want readiness.Events
	}{
		{Event{Filter: Read}, readiness.In},
		{Event{Filter: Read, Flags: EOF}, readiness.In | readiness.Ended},
		{Event{Filter: Write}, readiness.Out},
		{Event{Filter: Write, Flags: EOF}, readiness.Out}, // the write finds the error
	} {
		if got := meaning(&c.e); got != c.want {
			t.Errorf("%v means %b, want %b", c.e, got, c.want)
		}
	}
}
