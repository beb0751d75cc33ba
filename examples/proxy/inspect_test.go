package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// TestShow has clients come one after the other, and reads that they had one session.
func TestShow(t *testing.T) {
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer origin.Close()
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, sessions, stop := l.Addr().String(), newSessions(), make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := run(p, l, origin.Addr().String(), sessions, stop, time.Minute); err != nil {
			t.Error(err)
		}
	})
	serving.Go(func() {
		if err := show(pages, p, sessions); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	for range 3 {
		client, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		server, err := origin.Accept()
		if err != nil {
			t.Fatal(err)
		}
		server.Close()
		if n, err := client.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d bytes, error %v", n, err)
		}
		client.Close()
	}

	answer, err := http.Get("http://" + pages.Addr().String() + "/debug/heirloom/figures.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	type layer struct {
		Name     string
		Requests int
		PassedOn int `json:"passed_on"`
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
	// The next session is taken before its client comes, so it may be that of the one
	// before the last.
	asked := shown.Allocators[0].Allocator
	if kept := asked.Parents[0]; asked.Name != "Stats" || asked.Requests < 3 || kept.Name != "Recycling" || kept.PassedOn < 1 || kept.PassedOn > asked.Requests {
		t.Errorf("the allocator of the sessions is %+v", asked)
	}
	close(stop)
	pages.Close()
	serving.Wait()
}
