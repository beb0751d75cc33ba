package iocp_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestSendFileClosed closes a connection after its peer has read what was sent of a file, and
// before the port has said so: the count is what the peer has.
func TestSendFileClosed(t *testing.T) {
	const part, size = 64 << 10, 1 << 20
	p, c, peer := open(t)
	name := filepath.Join(os.TempDir(), "heirloom-sendfile")
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(name)
	f, err := p.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := c.SetWriteBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	sent, calls, got := 0, 0, 0
	c.SendFile(f, 0, size, ops.HandlerFunc(func(n int, _ error) { sent, calls = n, calls+1 }))
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		if got, err = io.ReadFull(peer, make([]byte, part)); err != nil {
			t.Error(err)
		}
		c.Close()
	}))
	run(t, p)
	rest, err := io.Copy(io.Discard, peer)
	if got += int(rest); calls != 1 || sent != got {
		t.Errorf("the handler is told %d times, last %d bytes; the peer has %d, %v", calls, sent, got, err)
	}
}
