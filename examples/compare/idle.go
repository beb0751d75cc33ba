package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/examples/compare/crowd"
)

const (
	idles     kind = "idle"      // echo servers for connections that mostly wait
	idleTLS   kind = "idle TLS"  // the same with TLS
	idleHTTPs kind = "idle HTTP" // HTTP servers that limit how long a connection may wait
)

var (
	residentMetric = metric{unit: "B/conn", label: "resident, bytes a connection"}
	heapMetric     = metric{unit: "heap-B/conn", label: "heap and stacks, bytes a connection"}
)

// idlePrograms returns the servers whose memory is measured.
func idlePrograms() []program {
	plain := append(heirlooms("waiting"),
		program{name: "C epoll", source: "c/epoll.c", install: "gcc"},
		program{name: "gnet", source: "gnet"},
		program{name: "net", source: "netwaiting"},
	)
	secure := append(heirlooms("waiting", "-tls"),
		program{name: "net", source: "netwaiting", args: []string{"-tls"}},
	)
	limit := []string{"-idle", "1m"}
	limited := append(heirlooms("http"), // which has that limit by default
		program{name: "fasthttp", source: "fasthttp", args: limit},
		program{name: "net/http", source: "nethttp", args: limit},
	)
	return append(append(ofKind(idles, plain), ofKind(idleTLS, secure)...), ofKind(idleHTTPs, limited)...)
}

// idleScenarios ask how much memory a connection takes that waits for something to read.
func idleScenarios() []scenario {
	return []scenario{
		idleScenario("idle", "TCP", "For a connection, the server in C keeps only what is left to write. Here that is nothing, so its figure is 0.", idles, crowd.Exchange),
		idleScenario("idle-tls", "TLS", "", idleTLS, exchangeTLS),
		idleScenario("idle-http", "HTTP, with a deadline", "fasthttp's ReduceMemoryUsage is off, as it is by default.", idleHTTPs, get),
	}
}

// idleScenario has each connection make one exchange before it waits.
func idleScenario(name, what, note string, k kind, exchange func(net.Conn) error) scenario {
	s := scenario{
		name:  name,
		title: "Memory of an idle connection: " + what,
		about: "bytes of an idle connection: " + what,
		note: strings.TrimSpace("Bytes of the server's process: what is resident, and what is in use in the heap and on stacks of a Go program, after a garbage collection. " +
			"Memory in the kernel is not included; io_uring uses more of it, for outstanding reads. Each connection has made one exchange. " + note),
		kind:       k,
		metrics:    []metric{residentMetric, heapMetric},
		processors: 1,
		rounds:     3,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			return r.idle(ctx, p, v.n, exchange)
		},
	}
	for _, n := range []int{1000, 5000, 19_900} {
		s.variants = append(s.variants, variant{name: count(n, "connection"), n: n, descriptors: n + ownDescriptors})
	}
	return s
}

// idle measures the memory of n connections.
func (r *runner) idle(ctx context.Context, p built, n int, exchange func(net.Conn) error) ([]float64, error) {
	where, _ := r.allCPUs()
	s, err := start(ctx, p, where)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	before, err := s.footprint(p.isGo())
	if err != nil {
		return nil, err
	}
	conns, err := crowd.Connect(n, func(i int) (net.Conn, error) { return dialAnd(ctx, exchange, s.address, i) })
	if err != nil {
		return nil, s.explain(err)
	}
	defer crowd.Close(conns)
	after, err := s.footprint(p.isGo())
	if err != nil {
		return nil, s.explain(err)
	}
	grown := after.since(before)
	return []float64{grown.resident / float64(n), grown.heap / float64(n)}, nil
}

// exchangeWithin is how long a new connection may take to make its exchange.
const exchangeWithin = 30 * time.Second

// dialAnd opens connection i and makes an exchange.
func dialAnd(ctx context.Context, exchange func(net.Conn) error, address string, i int) (net.Conn, error) {
	c, err := crowd.Dial(ctx, address, i)
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(exchangeWithin))
	if err := exchange(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// exchangeTLS leaves to the garbage collector what this end has of the keys, which it does not
// need any more.
func exchangeTLS(c net.Conn) error {
	return crowd.Exchange(tls.Client(c, &tls.Config{InsecureSkipVerify: true})) // it is our own server
}

// get asks for the one page of a server.
func get(c net.Conn) error {
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is %s", answer.Status)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// A footprint is the memory of a process, in bytes.
type footprint struct {
	resident float64
	heap     float64 // and stacks; NaN if it is no Go program
}

// footprint measures a process, whose garbage is collected first if it is a Go program.
func (s *process) footprint(isGo bool) (f footprint, err error) {
	f.heap = math.NaN()
	if isGo {
		for range 2 { // what is in a pool goes in the second
			m, err := s.memStats(released)
			if err != nil {
				return f, err
			}
			f.heap = float64(m.HeapBytes + m.StackBytes)
		}
	}
	resident, err := s.residentBytes()
	f.resident = float64(resident)
	return f, err
}

// since returns by how much it has grown. The pages of what a program freed meanwhile may be more
// than those of a few connections, which is no growth.
func (f footprint) since(earlier footprint) footprint {
	return footprint{max(0, f.resident-earlier.resident), max(0, f.heap-earlier.heap)}
}
