package combinators

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestBitmap compares a bitmap with a slice of bools.
func TestBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		b, model := newBitmap(n), make([]bool, n)
		bounds := func() (int, int) {
			i := rapid.IntRange(0, n).Draw(t, "i")
			return i, rapid.IntRange(i, n).Draw(t, "end")
		}
		find := func(i, end int, want bool) int {
			for ; i < end && model[i] != want; i++ {
			}
			return i
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			i, end := bounds()
			if rapid.Bool().Draw(t, "add") {
				b.add(i, end)
				for k := i; k < end; k++ {
					model[k] = true
				}
			} else {
				b.remove(i, end)
				clear(model[i:end])
			}
			if i < n {
				b.put(i)
				if !b.has(i) {
					t.Fatalf("put(%d) had no effect", i)
				}
				b.take(i)
				model[i] = false
			}
			for k := range n + 130 { // and beyond its end
				if want := k < n && model[k]; b.has(k) != want {
					t.Fatalf("has(%d) is %t", k, b.has(k))
				}
			}
			i, end = bounds()
			if got, want := b.first(i, end), find(i, end, true); got != want {
				t.Fatalf("first(%d, %d) is %d, want %d", i, end, got, want)
			}
			if got, want := b.gap(i, end), find(i, end, false); got != want {
				t.Fatalf("gap(%d, %d) is %d, want %d", i, end, got, want)
			}
			size := rapid.IntRange(1, 70).Draw(t, "size")
			want, found := 0, false
			for k := i; k+size <= end && !found; k++ {
				if !slices.Contains(model[k:k+size], false) {
					want, found = k, true
				}
			}
			if got, ok := b.run(i, end, size); got != want || ok != found {
				t.Fatalf("run(%d, %d, %d) is %d, %t, want %d, %t", i, end, size, got, ok, want, found)
			}
		}
		if b.has(n + 1000) {
			t.Fatal("has what is beyond it")
		}
	})
}

// The last word of a bitmap is used to its end.
func TestBitmapWholeWords(t *testing.T) {
	b := newBitmap(128)
	b.add(0, 128)
	if b.gap(0, 128) != 128 {
		t.Error("not all numbers were added")
	}
	b.remove(64, 128)
	if got := b.gap(0, 128); got != 64 {
		t.Errorf("the first number that was removed is %d, want 64", got)
	}
	b.remove(0, 128)
	if got := b.first(0, 128); got != 128 {
		t.Errorf("%d is still there", got)
	}
}
