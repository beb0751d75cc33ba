package iocp

import (
	"errors"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/ops"
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

// TestLaterFailure has a further packet of a batch fail to be received: the batch has those
// before it, and the next read is told.
func TestLaterFailure(t *testing.T) {
	b, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Shutdown()
	s := b.NewSocket()
	s.Class = record.Packets
	if err := b.ListenPacket(s, "udp4", "127.0.0.1:0", backend.ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	x := s.Sys.(*socket)
	batch := func() *ops.Operation {
		op := new(ops.Operation)
		op.Kind = ops.KindReadBatch
		backend.SetPackets(op, make([]backend.Packet, 2))
		return op
	}
	opened := x.handle
	x.handle = windows.Handle(b.port) // no socket
	first := batch()
	first.N = 1
	x.receiveMore(first)
	x.handle = opened
	if first.N != 1 || first.Err != nil {
		t.Errorf("the read of further packets: %d, %v", first.N, first.Err)
	}
	next := batch()
	if ended := b.Start(s, next); !ended || !errors.Is(next.Err, windows.WSAENOTSOCK) {
		t.Errorf("the next read has ended: %t, %v", ended, next.Err)
	}
	if x.failed != 0 {
		t.Errorf("the read after it fails as well: %v", x.failed)
	}
	b.CloseSocket(s)
}
