package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// serving is the program, as long as the test runs.
type serving struct {
	address string
	page    string             // about it, with -inspect
	stop    context.CancelFunc // as an interrupt does
	ended   chan error
}

func serve(t *testing.T, o options) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &serving{stop: cancel, ended: make(chan error, 1)}
	o.listen = "127.0.0.1:0"
	if o.drain == 0 {
		o.drain = time.Minute
	}
	r, w := io.Pipe()
	go func() {
		s.ended <- run(ctx, o, w)
		w.Close()
	}()
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	if o.inspect != "" && err == nil {
		s.page, _, _ = strings.Cut(line, " ")
		line, err = lines.ReadString('\n')
	}
	if err != nil {
		cancel()
		t.Fatalf("no address: %v, %v", err, <-s.ended)
	}
	if _, err := fmt.Sscanf(line, "listening on %s ", &s.address); err != nil {
		t.Fatalf("first line %q: %v", line, err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-s.ended; err != nil {
			t.Errorf("the server has ended: %v", err)
		}
		s.ended <- nil
	})
	return s
}

// each runs a test on every backend, with one loop and, where that can be, several.
func each(t *testing.T, f func(t *testing.T, o options)) {
	for _, backend := range platform.Backends() {
		for _, loops := range []int{1, 0} {
			t.Run(fmt.Sprintf("%s/%d", backend, loops), func(t *testing.T) { f(t, options{backend: backend, loops: loops}) })
		}
	}
}

// TestClient is a client of package net/http, with several connections.
func TestClient(t *testing.T) {
	each(t, func(t *testing.T, o options) {
		s := serve(t, o)
		talk(t, &http.Client{Transport: &http.Transport{}}, "http://"+s.address)
	})
}

// talk asks for everything that the program answers.
func talk(t *testing.T, c *http.Client, base string) {
	defer c.CloseIdleConnections()
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			for j := range 20 {
				body := bytes.Repeat([]byte{byte(i), byte(j), '\n'}, 1+i*j*j*100)
				unknown := struct{ io.Reader }{bytes.NewReader(body)} // of a length that is not known: chunks
				for _, ask := range []struct {
					method, path string
					send         io.Reader
					status       int
					want         string
				}{
					{"GET", "/", nil, 200, "Hello, World!"},
					{"HEAD", "/", nil, 200, ""},
					{"GET", "/json", nil, 200, `{"message":"Hello, World!"}`},
					{"POST", "/echo", bytes.NewReader(body), 200, string(body)},
					{"PUT", "/echo", unknown, 200, string(body)},
					{"DELETE", "/echo", nil, 405, ""},
					{"OPTIONS", "/", nil, 204, ""},
					{"GET", "/nowhere", nil, 404, "There is nothing here.\n"},
				} {
					r, err := http.NewRequest(ask.method, base+ask.path, ask.send)
					if err != nil {
						t.Error(err)
						return
					}
					if i == 3 && ask.send != nil {
						r.Header.Set("Expect", "100-continue")
					}
					a, err := c.Do(r)
					if err != nil {
						t.Errorf("%s %s: %v", ask.method, ask.path, err)
						return
					}
					got, err := io.ReadAll(a.Body)
					a.Body.Close()
					if err != nil || a.StatusCode != ask.status || string(got) != ask.want {
						t.Errorf("%s %s: %d, %d bytes, %v, want %d and %d bytes", ask.method, ask.path, a.StatusCode, len(got), err, ask.status, len(ask.want))
					}
				}
			}
		})
	}
	clients.Wait()
}

// A port that a server has is not shared with another one, however many loops they have.
func TestPortInUse(t *testing.T) {
	each(t, func(t *testing.T, o options) {
		o.listen = serve(t, o).address
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var refused *net.OpError
		if err := run(ctx, o, io.Discard); !errors.As(err, &refused) || refused.Op != "listen" {
			t.Errorf("the second one ends with %v", err)
		}
	})
}

// A request that takes longer than the time for it after an interrupt is cut off, and the
// error says so.
func TestCutOff(t *testing.T) {
	s := serve(t, options{drain: time.Millisecond})
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /")
	if _, err := io.ReadFull(c, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("it ends with %v", err)
	}
	s.ended <- nil
}

// An interrupt lets a request that has begun end, closes a connection that is idle, and
// then ends the program.
func TestInterrupt(t *testing.T) {
	each(t, func(t *testing.T, o options) {
		s := serve(t, o)
		dial := func() net.Conn {
			c, err := net.Dial("tcp", s.address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
			return c
		}
		ask := func(c net.Conn, text string) *http.Response {
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
			a, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Read(make([]byte, 100))
			return a
		}
		const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
		idle, begun := dial(), dial()
		ask(idle, get)
		// The answer shows that the server has read what follows it, too.
		ask(begun, get+get[:10])
		s.stop()
		if n, err := idle.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("idle: %d bytes, %v", n, err)
		}
		if a := ask(begun, get[10:]); a.StatusCode != 200 || !a.Close {
			t.Errorf("begun: status %d, close %t", a.StatusCode, a.Close)
		}
		begun.Close()
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
		s.ended <- nil
	})
}

// tool runs a program that loads or asks servers, if the system has it.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("there is no %s here", name)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

func TestCurl(t *testing.T) {
	s := serve(t, options{})
	base := "http://" + s.address
	large := strings.Repeat("a=b&", 20_000)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{base + "/", base + "/json"}, `Hello, World!{"message":"Hello, World!"}`},
		{[]string{"-I", "-o", "/dev/null", "-w", "%{http_code}", base + "/"}, "200"},
		{[]string{"-0", base + "/"}, "Hello, World!"},
		{[]string{"-d", "hello", base + "/echo"}, "hello"},
		{[]string{"-H", "Transfer-Encoding: chunked", "-d", "hello", base + "/echo"}, "hello"},
		{[]string{"-H", "Expect: 100-continue", "-d", large, base + "/echo"}, large},
		{[]string{"-H", "Host:", "-o", "/dev/null", "-w", "%{http_code}", base + "/"}, "400"},
		{[]string{"-X", "FOO", "-o", "/dev/null", "-w", "%{http_code}", base + "/"}, "501"},
		{[]string{"--proxy", base, "http://example.org/json"}, `{"message":"Hello, World!"}`},
	} {
		if got := tool(t, "curl", append([]string{"-sS", "--max-time", "60"}, test.args...)...); got != test.want {
			t.Errorf("curl %.100q: %.100q, want %.100q", test.args, got, test.want)
		}
	}
}

func TestWrk(t *testing.T) {
	s := serve(t, options{})
	out := tool(t, "wrk", "-t1", "-c16", "-d1s", "http://"+s.address+"/")
	if !strings.Contains(out, "Requests/sec") || strings.Contains(out, "Socket errors") || strings.Contains(out, "Non-2xx") {
		t.Errorf("wrk says\n%s", out)
	}
}

func TestH2load(t *testing.T) {
	s := serve(t, options{})
	out := tool(t, "h2load", "--h1", "-n20000", "-c16", "-m8", "http://"+s.address+"/json")
	if !strings.Contains(out, "20000 succeeded, 0 failed, 0 errored, 0 timeout") || !strings.Contains(out, "20000 2xx") {
		t.Errorf("h2load says\n%s", out)
	}
}
