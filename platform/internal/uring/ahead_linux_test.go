package uring_test

import (
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// TestShortMessagesAhead has two peers send single bytes in turn, which lie in the
// buffers of the ring so that each has to be kept by itself.
func TestShortMessagesAhead(t *testing.T) {
	needRing(t)
	defer uring.Receive.Store(uring.Receive.Swap(int32(uring.Multishot)))
	st := newStream(t, platform.SingleRunner())
	l, err := st.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	var conn platform.Conn
	st.run(t, func(h ops.Handler) { l.Accept(&conn, h) })
	one := make([]byte, 1)
	st.peer.Write(one)
	st.run(t, func(h ops.Handler) { st.conn.Read(one, h) })
	first := st.s
	peer.Write(one)
	st.run(t, func(h ops.Handler) { conn.Read(one, h) })
	second := st.s

	// bring has a peer send a byte and waits for it, so that no two of one peer lie side by
	// side.
	bring := func(peer net.Conn, s *backend.Socket, want int) (n int, more bool) {
		peer.Write(one)
		n, more = st.b.Ahead(s)
		for end := time.Now().Add(30 * time.Second); more && n < want; n, more = st.b.Ahead(s) {
			if time.Now().After(end) {
				t.Fatalf("%d bytes are received, want %d", n, want)
			}
			st.run(t, func(h ops.Handler) { ops.Post(st, h) })
		}
		return n, more
	}
	for want := 1; ; want++ {
		kept, more := bring(st.peer, first, want)
		if !more {
			return
		}
		if want > 300 {
			t.Fatalf("%d messages are kept that nobody has asked for", kept)
		}
		bring(peer, second, want)
	}
}

// TestReceivedAhead has a peer send much that nobody reads. A kernel that knows a limit
// needs no request to keep to it.
func TestReceivedAhead(t *testing.T) {
	for name, mode := range map[string]uring.ReceiveMode{"limited": uring.Multishot, "unlimited": uring.Unlimited} {
		t.Run(name, func(t *testing.T) {
			defer uring.Receive.Store(uring.Receive.Swap(int32(mode)))
			st := newStream(t, platform.SingleRunner())
			if mode == uring.Multishot && !st.b.Limits() {
				t.Skip("the kernel is older than Linux 6.17")
			}
			const size = 1 << 20
			go st.peer.Write(make([]byte, size))
			got := st.run(t, func(h ops.Handler) { st.conn.Read(make([]byte, 1), h) })
			ahead, more := st.b.Ahead(st.s)
			for end := time.Now().Add(30 * time.Second); more && time.Now().Before(end); ahead, more = st.b.Ahead(st.s) {
				st.run(t, func(h ops.Handler) { ops.Post(st, h) })
			}
			if more {
				t.Fatalf("goes on to receive, with %d bytes that nobody has asked for", ahead)
			}
			canceled, most := 0, 64<<10+uring.Sizes.Packed.Size
			if mode == uring.Unlimited {
				canceled, most = 1, size
			}
			if n := st.b.Cancels(); n != canceled {
				t.Errorf("%d requests were cancelled, want %d", n, canceled)
			}
			if ahead > most {
				t.Errorf("%d bytes were received that nobody has asked for, want at most %d", ahead, most)
			}
			for buf := make([]byte, 1000); got < size; {
				got += st.run(t, func(h ops.Handler) { st.conn.Read(buf, h) })
			}
		})
	}
}
