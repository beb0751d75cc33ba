package platform_test

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestForgotten drops a proactor with a read outstanding, without closing it: the
// kernel must not write to memory that is somebody else's by then.
func TestForgotten(t *testing.T) {
	for _, b := range platform.Backends() {
		t.Run(b, func(t *testing.T) {
			const size = 64 << 10
			peer := forget(t, b, size)
			defer peer.Close()
			for range 3 {
				runtime.GC()
			}
			others := make([][]byte, 500)
			for i := range others {
				others[i] = make([]byte, size)
			}
			peer.Write(bytes.Repeat([]byte{'X'}, size))
			time.Sleep(20 * time.Millisecond) // nobody tells when the kernel has received it
			for _, other := range others {
				if n := bytes.Count(other, []byte{'X'}); n > 0 {
					t.Fatalf("the kernel has written %d bytes to a buffer that it was not given", n)
				}
			}
		})
	}
}

//go:noinline
func forget(t *testing.T, backend string, size int) (peer net.Conn) {
	p, err := platform.New(platform.WithBackend(backend))
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if peer, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	c := new(platform.Conn)
	l.Accept(c, ops.HandlerFunc(func(int, error) {
		c.Read(make([]byte, size), ops.HandlerFunc(func(int, error) {}))
		p.Stop()
	}))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return peer
}
