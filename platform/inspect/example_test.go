package inspect_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/inspect"
)

// A program mounts the page beside its other pages for operators.
func ExamplePage() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	misses := combinators.NewStats[byte](allocator.Heap[byte]{})
	buffers := combinators.NewStats(combinators.NewThreadSafe(combinators.NewRecycling(misses, 1<<20)))

	var page inspect.Page
	page.AddProactor("server", p)
	page.AddAllocator("buffers", buffers)
	mux := http.NewServeMux() // or http.DefaultServeMux, where net/http/pprof is
	mux.Handle("/debug/heirloom/", &page)
	server := httptest.NewServer(mux)
	defer server.Close()

	answer, err := http.Get(server.URL + "/debug/heirloom/")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	html, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Status, strings.HasPrefix(string(html), "<!doctype html>"))
	// Output: 200 OK true
}
