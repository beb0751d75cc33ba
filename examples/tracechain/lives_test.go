package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// happened returns events a microsecond apart: "+x" begins a region, "-x" ends it, and "!x"
// logs.
func happened(said ...string) (events []event) {
	for i, s := range said {
		kind := map[byte]eventKind{'+': begins, '-': ends, '!': logs}[s[0]]
		events = append(events, event{time.Duration(i+1) * time.Microsecond, kind, s[1:], 1})
	}
	return events
}

// What a trace may have of a chain, and what is told of it.
func TestLives(t *testing.T) {
	for _, c := range []struct {
		name     string
		events   []event
		want     string
		problems int
	}{
		{
			"an operation",
			happened("+a: Allocate", "-a: Allocate", "+a: Deallocate", "-a: Deallocate", "+a: read", "-a: read"),
			`a: 1 block, held for 1.0 µs; 1 call
    allocated    held  called after     ran  
       1.0 µs  1.0 µs        2.0 µs  1.0 µs  read
`, 0,
		},
		{
			"a handler before the release",
			happened("+a: Allocate", "-a: Allocate", "+a: read", "+a: Deallocate", "-a: Deallocate", "-a: read"),
			`a: 1 block, held for 2.0 µs; 1 call
    allocated  held  called after     ran  
            –     –             –  3.0 µs  read, BEFORE THE RELEASE
`, 1,
		},
		{
			"two operations at a time, of which nobody can tell",
			happened("+a: Allocate", "-a: Allocate", "+a: Allocate", "-a: Allocate", "+a: Deallocate", "-a: Deallocate", "+a: read", "-a: read"),
			`a: 2 blocks, at most 2 at a time, 1 of them held to the end; 1 call
    allocated    held  called after     ran  
       1.0 µs  3.0 µs        2.0 µs  1.0 µs  read
`, 0,
		},
		{
			"an allocator that fails",
			happened("+a: Allocate", "!a", "-a: Allocate", "+a: read", "!a: read", "-a: read"),
			`a: 1 call; 1 failure to allocate
    allocated  held  called after     ran  
            –     –             –  2.0 µs  read, with an error
`, 0,
		},
		{
			"a trace that begins in the middle",
			happened("-a: read", "+a: Deallocate", "-a: Deallocate", "+a: read", "-a: read"),
			`a: 1 block, held for 1.0 µs; 1 call
    allocated    held  called after     ran  
      earlier  1.0 µs        2.0 µs  1.0 µs  read
`, 0,
		},
		{
			"names with colons, and those of others",
			happened("+x", "-x", "!y", "!z: z", "+a: b: Allocate", "!a: b", "-a: b: Allocate", "+a: b: c", "-a: b: c"),
			`a: b: 1 call; 1 failure to allocate
    allocated  held  called after     ran  
            –     –             –  1.0 µs  c
`, 0,
		},
	} {
		l := livesOf(c.events)
		var got strings.Builder
		if err := l.writeText(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if n := len(l.problems()); n != c.problems {
			t.Errorf("%s: %d problems", c.name, n)
		}
		var image bytes.Buffer
		l.writeSVG(&image, c.name)
		if drawn := classes(t, image.Bytes()); (drawn["bad"] > 0) != (c.problems > 0) || (drawn["failed"] > 0) != strings.Contains(c.want, "failure") {
			t.Errorf("%s: drawn: %v", c.name, drawn)
		}
	}
}

// TestStep has a few round times on the axis, however long a trace is.
func TestStep(t *testing.T) {
	for all := time.Duration(1); all < 100*time.Hour; all = all*3/2 + 1 {
		if n := all / stepOf(all); n > 8 || n < 3 && all > 8 {
			t.Errorf("%v has %d steps of %v", all, n, stepOf(all))
		}
	}
}
