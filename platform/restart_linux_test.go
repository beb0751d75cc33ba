package platform_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestRestart kills a server, with clients or without, and listens on its port
// as soon as it is gone.
func TestRestart(t *testing.T) {
	const child = "HEIRLOOM_TEST_RESTART"
	if backend := os.Getenv(child); backend != "" {
		serveUntilKilled(t, backend)
		return
	}
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) {
			w := mode{backend: b}.open(t)
			for i := range 10 {
				server := exec.Command(os.Args[0], "-test.run=^TestRestart$", "-test.timeout=60s")
				server.Env = append(os.Environ(), child+"="+b)
				server.Stderr = os.Stderr
				out, err := server.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := server.Start(); err != nil {
					t.Fatal(err)
				}
				line, err := bufio.NewReader(out).ReadString('\n')
				if err != nil {
					server.Process.Kill()
					t.Fatalf("the server says %q: %v", line, err)
				}
				address := strings.TrimSpace(line)
				if i%2 == 1 {
					client, err := net.Dial("tcp", address)
					if err != nil {
						t.Fatal(err)
					}
					defer client.Close()
					client.Write([]byte("x"))
					io.ReadFull(client, make([]byte, 1)) // so it was accepted and reads on
				}
				server.Process.Signal([]os.Signal{syscall.SIGKILL, syscall.SIGTERM}[i/2%2])
				server.Wait()
				l, err := w.Listen("tcp", address)
				if err != nil {
					t.Fatalf("restart %d: %v", i, err)
				}
				l.Close()
			}
		})
	}
}

// serveUntilKilled says where it listens, accepts and answers.
func serveUntilKilled(t *testing.T, backend string) {
	w := mode{backend: backend}.open(t)
	l := w.listen("tcp", "127.0.0.1:0")
	buf := make([]byte, 1)
	var c platform.Conn
	l.Accept(&c, ops.HandlerFunc(func(int, error) {
		c.Read(buf, ops.HandlerFunc(func(int, error) {
			c.Write(buf, ops.HandlerFunc(func(int, error) { c.Read(buf, &result{}) }))
		}))
		l.Accept(new(platform.Conn), &result{})
	}))
	ops.Post(w, ops.HandlerFunc(func(int, error) { fmt.Println(l.Addr()) }))
	w.run()
}

// TestPacketsAgain listens on the address of a packet socket that was just closed
// with a read outstanding, and on that of a proactor that was.
func TestPacketsAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.packets("udp4", "127.0.0.1:0")
		address := c.LocalAddr().String()
		for i := range 50 {
			var r, tick result
			c.ReadFrom(make([]byte, 1), nil, &r)
			w.NewTimer().Wait(0, &tick)
			w.await(&tick) // the kernel has the read now
			c.Close()
			var err error
			if c, err = w.ListenPacket("udp4", address); err != nil {
				t.Fatalf("after %d times: %v", i, err)
			}
			w.await(&r)
			r.want(t, 0, net.ErrClosed)
		}
		c.ReadFrom(make([]byte, 1), nil, &result{})
		w.Close()
		next := w.mode.open(t)
		next.packets("udp4", address)
	})
}
