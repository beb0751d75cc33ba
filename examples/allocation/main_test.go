package main

import (
	"bytes"
	_ "embed"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/ops"
)

// Every operation of a chain lies where the first one lay.
func TestSameBlock(t *testing.T) {
	var out bytes.Buffer
	if err := run(&out, new([]event)); err != nil {
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

// The picture is of what has happened: it shows each operation in the block of the first, and
// its handler called once that was released.
func TestPicture(t *testing.T) {
	var events []event
	if err := run(io.Discard, &events); err != nil {
		t.Fatal(err)
	}
	want := []what{allocated, released, called, allocated, returned, released, called}
	for i, w := range want {
		if events[i].what != w {
			t.Fatalf("event %d is %d, want %d", i, events[i].what, w)
		}
	}
	name := filepath.Join(t.TempDir(), "chain.svg")
	if err := writeChain(name, events); err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(picture, new(any)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(drawn), "\r\n", "\n"), strings.ReplaceAll(string(picture), "\r\n", "\n")); diff != "" {
		t.Errorf("chain.svg is not what is drawn now (-have +want); go run ./examples/allocation -svg examples/allocation/chain.svg\n%s", diff)
	}
	events[3].block = new(ops.Operation)
	if err := writeChain(name, events); err == nil {
		t.Error("a chain in two blocks is drawn as if it were in one")
	}
}

//go:embed chain.svg
var drawn []byte
