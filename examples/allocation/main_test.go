package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every operation of a chain lies where the first one lay.
func TestSameBlock(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(out.String(), "\n\n")
	if len(sections) != 2 {
		t.Fatalf("%d sections, want one for each shape:\n%s", len(sections), &out)
	}
	for _, section := range sections {
		title, lines, _ := strings.Cut(strings.TrimSpace(section), "\n")
		var steps, blocks []string
		for line := range strings.Lines(lines) {
			fields := strings.Fields(line)
			steps = append(steps, fields[0])
			blocks = append(blocks, fields[1])
		}
		want := []string{"read", "write", "read", "write", "read", "write", "read"} // which finds the end
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("%s steps (-want +got):\n%s", title, diff)
		}
		for i, b := range blocks {
			if b != blocks[0] {
				t.Errorf("%s operation %d lay at %s, the first at %s", title, i+1, b, blocks[0])
			}
		}
		if strings.Count(section, "a new block") != 1 || strings.Count(section, "the same block") != len(want)-1 {
			t.Errorf("%s the notes are wrong:\n%s", title, section)
		}
	}
}
