package server

import (
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// What a request costs without the system: sixteen in one read, parsed and answered.
func BenchmarkPipelined(b *testing.B) {
	p, err := platform.New(platform.WithCustomBackend(sim.New(sim.Calm).Backend), platform.SingleRunner())
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	l := newLoop(&Server{Handler: func(w *Response, r *Request) {
		if r.Method == http1.GET && string(r.Path) == "/" {
			w.Header("Content-Type", "text/plain")
			w.WriteString("Hello, World!")
		}
	}}, p, nil)
	l.clock.start(l)
	s := &session{loop: l}
	const depth = 16
	text := []byte(strings.Repeat("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", depth))
	b.ReportAllocs()
	for b.Loop() {
		rest, served := text, true
		for len(rest) > 0 && served {
			rest, served = s.serveOne(rest)
		}
		if len(rest) > 0 || len(l.out) < depth*100 {
			b.Fatal("not all was answered")
		}
		l.reset()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/request")
}
