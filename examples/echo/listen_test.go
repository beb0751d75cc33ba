package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

var stress = flag.Int("echo.conns", 2000, "connections of TestListenStress")

// listening is the program with -listen.
type listening struct {
	address string
	stop    func() (status int, summary string) // as an interrupt does
}

func listen(t *testing.T, args ...string) listening {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, w := io.Pipe()
	status := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		status <- run(ctx, append([]string{"-listen", "127.0.0.1:0"}, args...), w, &stderr)
		w.Close()
	}()
	out := bufio.NewReader(r)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("no address: %v; status %d, stderr %q", err, <-status, stderr.String())
	}
	return listening{addressIn(t, line), func() (int, string) {
		cancel()
		summary, _ := io.ReadAll(out)
		return <-status, string(summary)
	}}
}

// addressIn returns the address in the first line that the program prints.
func addressIn(t *testing.T, line string) string {
	t.Helper()
	var address, backend string
	if _, err := fmt.Sscanf(line, "listening on %s %s", &address, &backend); err != nil {
		t.Fatalf("first line %q: %v", line, err)
	}
	return address
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return c.(*net.TCPConn)
}

// mustEcho sends a message and wants it back.
func mustEcho(t *testing.T, c net.Conn, message string) {
	t.Helper()
	if _, err := io.WriteString(c, message); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(message))
	if n, err := io.ReadFull(c, got); err != nil || string(got) != message {
		t.Fatalf("echo of %q is %q, %v", message, got[:n], err)
	}
}

func TestListen(t *testing.T) {
	for _, backend := range []string{"", "portable"} {
		t.Run("backend="+backend, func(t *testing.T) {
			s := listen(t, "-backend", backend, "-check")
			c := dial(t, s.address)
			for i := range 10 {
				mustEcho(t, c, fmt.Sprint("message ", i))
			}
			mustEcho(t, c, strings.Repeat("larger than the buffer of a session ", 1000))
			c.CloseWrite()
			if n, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("after the end of the stream: %d bytes, %v, want EOF", n, err)
			}
			mustEcho(t, dial(t, s.address), "another connection") // is open when the server ends

			status, summary := s.stop()
			if status != 0 {
				t.Errorf("status %d, want 0", status)
			}
			for _, want := range []string{"connections  2\n", "bytes        36108\n", "violations   0\n"} {
				if !strings.Contains(summary, want) {
					t.Errorf("the summary lacks %q:\n%s", want, summary)
				}
			}
		})
	}
}

// TestListenStress opens connections and ends them in every way there is, in
// any order. Afterwards the server has no descriptor more than before, and
// still echoes.
func TestListenStress(t *testing.T) {
	s := listen(t, "-check")
	mustEcho(t, dial(t, s.address), "warm up: whatever the runtime opens once is open")
	before := descriptors(t)

	const clients = 20
	var wg sync.WaitGroup
	for k := range clients {
		rng := rand.New(rand.NewPCG(1, uint64(k)))
		wg.Go(func() {
			var open []*net.TCPConn
			for range *stress / clients {
				c, err := net.Dial("tcp", s.address)
				if err != nil {
					t.Error(err)
					return
				}
				c.SetDeadline(time.Now().Add(time.Minute))
				open = append(open, c.(*net.TCPConn))
				for len(open) > rng.IntN(20) {
					i := rng.IntN(len(open))
					end(t, rng, open[i])
					open[i] = open[len(open)-1]
					open = open[:len(open)-1]
				}
			}
			for _, c := range open {
				end(t, rng, c)
			}
		})
	}
	wg.Wait()

	mustEcho(t, dial(t, s.address), "still there")
	before++ // this connection's client
	before++ // and its server's end
	deadline := time.Now().Add(30 * time.Second)
	for now := descriptors(t); now > before; now = descriptors(t) {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors are open, %d before %d connections", now, before, *stress)
		}
		time.Sleep(time.Millisecond) // between two looks; the server ends the last sessions
	}
	status, summary := s.stop()
	if want := fmt.Sprintf("connections  %d\n", *stress/clients*clients+2); status != 0 || !strings.Contains(summary, want) {
		t.Errorf("status %d, summary without %q:\n%s", status, want, summary)
	}
}

// end uses a connection a little, and closes or resets it.
func end(t *testing.T, rng *rand.Rand, c *net.TCPConn) {
	message := make([]byte, rng.IntN(10_000))
	if rng.IntN(2) == 0 {
		c.SetLinger(0) // Close resets
	}
	switch rng.IntN(4) {
	case 0: // leave without a word
	case 1: // leave without reading what comes back
		c.Write(message)
	case 2: // read a part
		c.Write(message)
		io.ReadFull(c, message[:len(message)/2])
	case 3:
		c.Write(message)
		got := make([]byte, len(message))
		if n, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, message) {
			t.Errorf("%d bytes came back of %d: %v", n, len(message), err)
		}
	}
	c.Close()
}
