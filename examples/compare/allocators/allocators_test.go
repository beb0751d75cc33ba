package allocators

import (
	"runtime"
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
	for _, s := range append(several, singleSlot) {
		b.Run(s.name, func(b *testing.B) {
			l := s.start()
			b.ReportAllocs()
			b.ResetTimer()
			l.one(b.N)
		})
	}
}

func BenchmarkEight(b *testing.B) {
	for _, s := range several {
		b.Run(s.name, func(b *testing.B) {
			l := s.start()
			b.ReportAllocs()
			b.ResetTimer()
			l.eight(b.N)
		})
	}
}

func BenchmarkTwo(b *testing.B) {
	for _, s := range several {
		if s.alone {
			continue
		}
		b.Run(s.name, func(b *testing.B) {
			l := s.start()
			b.ReportAllocs()
			b.ResetTimer()
			twice(l.one, b.N)
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
