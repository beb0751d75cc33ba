package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestShow posts what arrives in several parts, and reads on the page that buffers were used
// for it, and which loops there are.
func TestShow(t *testing.T) {
	s := serve(t, options{loops: 1, inspect: "127.0.0.1:0"})
	a, err := http.Post("http://"+s.address+"/echo", "", strings.NewReader(strings.Repeat("a", 100_000)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, a.Body); n != 100_000 || err != nil {
		t.Fatalf("the echo has %d bytes, error %v", n, err)
	}
	a.Body.Close()

	answer, err := http.Get(s.page + "figures.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	type layer struct {
		Name     string
		Requests int
		Parents  []layer
	}
	var shown struct {
		Proactors  []struct{ Stats struct{ Listeners int } }
		Allocators []struct{ Allocator layer }
	}
	if err := json.NewDecoder(answer.Body).Decode(&shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Proactors) != 1 || shown.Proactors[0].Stats.Listeners != 1 || len(shown.Allocators) != 1 {
		t.Fatalf("the page shows %+v", shown)
	}
	buffers := shown.Allocators[0].Allocator
	if buffers.Name != "Stats" || buffers.Requests == 0 || buffers.Parents[0].Name != "Recycling" {
		t.Errorf("the allocator of the buffers is %+v", buffers)
	}
}
