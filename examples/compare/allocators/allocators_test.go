package allocators

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"unsafe"
)

// TestSources has each source do what is measured. One that has handed out a block twice, or
// none, would panic or be seen by the race detector.
func TestSources(t *testing.T) {
	if got := unsafe.Sizeof(element{}); unsafe.Sizeof(uintptr(0)) == 8 && got != size {
		t.Errorf("an element has %d bytes, want %d", got, size)
	}
	for _, s := range append(several, singleSlot) {
		l := s.start()
		l.one(100)
		l.eight(100)
		if !s.alone {
			twice(l.one, 100)
		}
	}
	for _, s := range bufferSources {
		s.make()(100)
	}
}

func BenchmarkOne(b *testing.B) {
	each(b, append(several, singleSlot), func(l loops, n int) { l.one(n) })
}

func BenchmarkEight(b *testing.B) {
	each(b, several, func(l loops, n int) { l.eight(n) })
}

func BenchmarkTwo(b *testing.B) {
	shared := slices.DeleteFunc(slices.Clone(several), func(s source) bool { return s.alone })
	each(b, shared, func(l loops, n int) { twice(l.one, n) })
}

// each measures each of some sources.
func each(b *testing.B, sources []source, run func(l loops, n int)) {
	for _, s := range sources {
		b.Run(s.name, func(b *testing.B) {
			l := s.start()
			b.ReportAllocs()
			b.ResetTimer()
			run(l, b.N)
		})
	}
}

// twice does half of n on each of two goroutines.
func twice(f func(n int), n int) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0))))
	var other sync.WaitGroup
	other.Go(func() { f(n / 2) })
	f(n - n/2)
	other.Wait()
}
