package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestScrape reads the figures of a server that is busy, until they show it.
func TestScrape(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	addr, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- run(ctx, "127.0.0.1:0", "127.0.0.1:0", 2, func(_, metrics net.Addr) { addr <- metrics })
	}()
	var url string
	select {
	case a := <-addr:
		url = "http://" + a.String() + "/metrics"
	case err := <-ended:
		t.Fatal(err)
	}
	want := []string{
		`heirloom_sockets{class="conn"} 2`, `heirloom_sockets{class="listener"} 1`,
		`heirloom_outstanding_operations{kind="accept"} 1`, "\nheirloom_handlers_total ", "\nheirloom_blocks_in_use 1\n",
		`heirloom_backend_info{backend="`,
	}
	late := time.Now().Add(30 * time.Second)
	for {
		text := scrape(t, url)
		missing := ""
		for _, w := range want {
			if !strings.Contains(text, w) {
				missing = w
			}
		}
		if missing == "" {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("there is no %q in\n%s", missing, text)
		}
	}
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not end")
	}
}

func scrape(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, r.Status, err)
	}
	return string(text)
}
