package iocp_test

import (
	"io"
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/iocp"
)

// TestLongPackets reads packets that are longer than their buffers, as anybody may send
// them: however many there are, none leaves memory behind.
func TestLongPackets(t *testing.T) {
	var b *iocp.Backend
	p, err := platform.New(platform.WithCustomBackend(func(h backend.Host) (_ backend.Backend, err error) {
		b, err = iocp.New(h)
		return b, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c, err := p.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	to := c.LocalAddr().(*net.UDPAddr).AddrPort()
	for i := range 100 {
		var failure error
		c.WriteTo([]byte{1, 2}, to, ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				t.Error(err)
				return
			}
			c.ReadFrom(make([]byte, 1), nil, ops.HandlerFunc(func(_ int, err error) { failure = err }))
		}))
		run(t, p)
		if failure != io.ErrShortBuffer {
			t.Fatalf("packet %d: %v", i, failure)
		}
	}
	if n := b.Former(); n > 0 {
		t.Errorf("%d messages are kept", n)
	}
}
