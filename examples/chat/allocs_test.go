//go:build !race

package main

import (
	"io"
	"testing"
)

// TestNoAllocations measures what is allocated for a message that ten guests hear, once the
// room is warm. (The portable backend has a goroutine for each operation, and allocates.)
func TestNoAllocations(t *testing.T) {
	everywhere(t, func(t *testing.T, backend string, runners int) {
		if backend == "portable" && runners > 1 {
			t.Skip("its goroutines come and go")
		}
		address := start(t, backend, runners, defaultLimits)
		talker := comeIn(t, address, "t")
		hearers := make([]*person, 10)
		for i := range hearers {
			hearers[i] = comeIn(t, address, "h")
			talker.hears("* h has come")
			for _, h := range hearers[:i] {
				h.hears("* h has come")
			}
		}
		line, want := []byte("hello, world\n"), "t: hello, world\n"
		buf := make([]byte, len(want))
		say := func() {
			if _, err := talker.Write(line); err != nil {
				t.Error(err)
			}
			for _, h := range hearers {
				if _, err := io.ReadFull(h.in, buf); err != nil || string(buf) != want {
					t.Errorf("%q, %v", buf, err)
				}
			}
		}
		for range 100 {
			say()
		}
		if n := testing.AllocsPerRun(200, say); n != 0 {
			t.Errorf("%v allocations for a message, want none", n)
		}
	})
}
