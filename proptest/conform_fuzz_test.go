package proptest

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// The same programs, drawn by Go's fuzzer, which looks for inputs that reach
// new code. It does better with
//
//	go test ./proptest -run NONE -fuzz FuzzConformPlain -fuzzminimizetime 10x
//
// because the default spends most of the time on making inputs smaller of which
// the coverage varies with the garbage collector.
func fuzz(f *testing.F, body func(*rapid.T)) {
	random := rand.NewChaCha8([32]byte{})
	for range 8 {
		seed := make([]byte, 16<<10) // a program may draw some hundred words
		random.Read(seed)
		f.Add(seed)
	}
	f.Fuzz(rapid.MakeFuzz(body))
}

func FuzzConformPointers(f *testing.F)   { fuzz(f, treesConform[Pointerful]()) }
func FuzzConformPlain(f *testing.F)      { fuzz(f, treesConform[uint64]()) }
func FuzzConformEmpty(f *testing.F)      { fuzz(f, treesConform[struct{}]()) }
func FuzzConformOneByte(f *testing.F)    { fuzz(f, treesConform[byte]()) }
func FuzzConformThreeWords(f *testing.F) { fuzz(f, treesConform[[3]uintptr]()) }
func FuzzConformPage(f *testing.F)       { fuzz(f, treesConform[[4096]byte]()) }
func FuzzConformPadded(f *testing.F)     { fuzz(f, treesConform[Padded]()) }

func FuzzSweep(f *testing.F) {
	fuzz(f, property(func(t *rapid.T) *found { return drawAndSweep(t, drawTree[Pointerful](t, 3)) }))
}

func FuzzLaws(f *testing.F) {
	all := laws[Pointerful]()
	fuzz(f, func(t *rapid.T) {
		l := all[rapid.IntRange(0, len(all)-1).Draw(t, "law")]
		l.check(t, drawTree[Pointerful](t, 2).plan())
	})
}
