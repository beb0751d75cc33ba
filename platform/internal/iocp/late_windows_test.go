package iocp

import (
	"testing"

	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// TestLatePacket has the packet come, after its socket was closed and freed, of a call that
// has said it had failed: until then its memory is kept, and not used for another call.
func TestLatePacket(t *testing.T) {
	b, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Shutdown()
	s := b.NewSocket()
	s.Class = record.Packets
	x := s.Sys.(*socket)
	m := x.message(backend.Reading)
	b.replace(x, m)
	if next := x.message(backend.Reading); next == m {
		t.Error("the memory is used for another call")
	}
	b.FreeSocket(s)
	if n := b.Former(); n != 1 {
		t.Errorf("%d messages are kept, want 1", n)
	}
	b.port.post(uintptr(s.Index)+firstKey, &m.Overlapped)
	b.Poll(0)
	if n := b.Former(); n != 0 {
		t.Errorf("%d messages are kept once the packet has come", n)
	}
}
