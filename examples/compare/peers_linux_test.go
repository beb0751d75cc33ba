package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/compare/crowd"
)

// enough is longer than anything takes here.
const enough = 30 * time.Second

// TestPeers builds the servers and what else is measured, looks whether the servers do what
// they are measured for, and measures each program once in a small variant of each scenario.
func TestPeers(t *testing.T) {
	b, err := newBuilder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{time: 20 * time.Millisecond, cpus: cpus, descriptors: 1024, million: 50}
	if r.loader, err = b.goProgram(t.Context(), "./loader"); err != nil {
		t.Fatal(err)
	}
	var wanted []program
	for _, p := range programs("") {
		if p.kind != echoes { // which TestRun measures
			wanted = append(wanted, p)
		}
	}
	ready, left, err := b.prepare(t.Context(), r, wanted, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range left {
		t.Logf("left out: %s (%s): %v", l.name, l.kind, l.why)
	}
	for _, p := range ready {
		switch p.kind {
		case httpServers, idleHTTPs:
			t.Run(nameOf(p), func(t *testing.T) { testHTTP(t, r, p) })
		case idles, idleTLS, crowds:
			t.Run(nameOf(p), func(t *testing.T) { testEcho(t, r, p) })
		case proxies:
			t.Run(nameOf(p), func(t *testing.T) { testProxy(t, r, p) })
		}
	}
	for _, s := range scenarios() {
		for _, p := range ready {
			if s.kind == p.kind && s.processors <= len(cpus) {
				t.Run(s.name+"/"+blankless(p.name), func(t *testing.T) { testMeasure(t, r, s, p) })
			}
		}
	}
}

func nameOf(p built) string { return blankless(string(p.kind) + "/" + p.name) }

// serveFor starts a server that ends with the test, and returns a function that connects to it.
func serveFor(t *testing.T, r *runner, p built, args ...string) (dial func() net.Conn) {
	where, _ := r.allCPUs()
	s, err := start(t.Context(), p, where, args...)
	if err != nil {
		t.Fatal(err)
	}
	return dialer(t, s)
}

// dialer returns a function that connects to a server, which ends with the test.
func dialer(t *testing.T, s *process) (dial func() net.Conn) {
	t.Cleanup(s.stop)
	return func() net.Conn {
		t.Helper()
		c, err := net.DialTimeout("tcp", s.address, enough)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(enough))
		return c
	}
}

const request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// testHTTP asks a server for its page: several times on a connection, with many requests at
// once, and with one that arrives in parts.
func testHTTP(t *testing.T, r *runner, p built) {
	dial := serveFor(t, r, p, "-loops", "2")
	for range 2 {
		c := dial()
		answers := bufio.NewReader(c)
		for i, parts := range [][]string{{request}, {request}, {strings.Repeat(request, 16)}, {request[:20], request[20:]}, {request}} {
			for _, part := range parts {
				if _, err := io.WriteString(c, part); err != nil {
					t.Fatal(err)
				}
			}
			for range strings.Count(strings.Join(parts, ""), "\r\n\r\n") {
				if err := page200(answers); err != nil {
					t.Fatalf("requests %d: %v", i, err)
				}
			}
		}
		if n := answers.Buffered(); n > 0 {
			t.Errorf("there are %d bytes after the last answer", n)
		}
	}
}

// page200 reads an answer. It has the same size from all servers, so that they do the same work.
func page200(from *bufio.Reader) error {
	answer, err := http.ReadResponse(from, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != 200 || string(body) != "Hello, World!" || answer.ContentLength != int64(len(body)) {
		return fmt.Errorf("the answer is %s with %q", answer.Status, body)
	}
	if _, err := http.ParseTime(answer.Header.Get("Date")); err != nil || len(answer.Header) != 3 || answer.Header.Get("Content-Type") != "text/plain" {
		return fmt.Errorf("the head has %v, want Date, Content-Type and Content-Length", answer.Header)
	}
	return nil
}

// testEcho exchanges messages with an echo server, and has one that limits the time end a
// connection that says nothing.
func testEcho(t *testing.T, r *runner, p built) {
	dial := serveFor(t, r, p, "-loops", "2")
	for range 2 {
		c := dial()
		if p.kind == idleTLS {
			c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		}
		for range 3 {
			if err := crowd.Exchange(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if p.kind == crowds {
		c := serveFor(t, r, p, "-idle", "50ms")()
		if n, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%d bytes and %v from a server whose limit has passed, want the end of the stream", n, err)
		}
	}
}

// testProxy sends bytes through a proxy and back on two connections, and ends what it sends on one,
// which leaves the other direction open.
func testProxy(t *testing.T, r *runner, p built) {
	l, err := net.Listen("tcp", listenAt)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	where, _ := r.allCPUs()
	s, err := startProxy(t.Context(), p, where, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dial := dialer(t, s)
	for range 2 {
		client := dial()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if err := server.SetDeadline(time.Now().Add(enough)); err != nil {
			t.Fatal(err)
		}
		there, back := bytes.Repeat([]byte("there"), 100_000), bytes.Repeat([]byte("back"), 100_000)
		sent := make(chan error, 1)
		go func() {
			_, err := client.Write(there)
			sent <- errors.Join(err, client.(*net.TCPConn).CloseWrite())
		}()
		if got, err := io.ReadAll(server); err != nil || !bytes.Equal(got, there) {
			t.Fatalf("%d bytes and %v at the back end, want the %d that were sent", len(got), err, len(there))
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := server.Write(back)
			sent <- errors.Join(err, server.(*net.TCPConn).CloseWrite())
		}()
		if got, err := io.ReadAll(client); err != nil || !bytes.Equal(got, back) {
			t.Fatalf("%d bytes and %v at the client, want the %d that were sent", len(got), err, len(back))
		}
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
	}
}

// testMeasure measures a program in a small variant of a scenario.
func testMeasure(t *testing.T, r *runner, s scenario, p built) {
	v := s.variants[0]
	v.n = min(v.n, 20)
	ctx, cancel := context.WithTimeout(t.Context(), enough)
	defer cancel()
	values, err := s.measure(ctx, r, p, v)
	if err != nil {
		t.Fatal(err)
	}
	if len(values) != len(s.metrics) {
		t.Fatalf("%v, want values for %v", values, s.metrics)
	}
	for i, value := range values {
		// A few connections may be lost in what else a process needs.
		if m := s.metrics[i]; math.IsInf(value, 0) || value < 0 && m != residentMetric && m != heapMetric {
			t.Errorf("%v %s", value, m.unit)
		}
	}
	if first := values[0]; (first == 0 || math.IsNaN(first)) && s.metrics[0] != residentMetric {
		t.Errorf("%v %s", first, s.metrics[0].unit)
	}
}
