package uring_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// TestSendFileToHalfClosed sends a file to a peer that has ended its own side and reads
// nothing yet. The kernel reports such an end to whoever waits for room, at once and each
// time.
func TestSendFileToHalfClosed(t *testing.T) {
	t.Run("read", func(t *testing.T) { sendToHalfClosed(t, false) })
	t.Run("canceled", func(t *testing.T) { sendToHalfClosed(t, true) })
}

func sendToHalfClosed(t *testing.T, cancels bool) {
	st := newStream(t, platform.SingleRunner())
	name := filepath.Join(t.TempDir(), "file")
	const size = 32 << 20 // more than fits the buffers of the connection
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := st.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := st.peer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	st.run(t, func(h ops.Handler) { st.conn.WaitReadable(h) }) // the end has come
	s := st.s
	var told error
	ended := false
	st.conn.SendFile(f, 0, size, ops.HandlerFunc(func(_ int, err error) { told, ended = err, true }))
	const rounds = 200
	before := st.b.Requests()
	for range rounds { // each a request, and a poll
		st.run(t, func(h ops.Handler) { f.ReadAt(make([]byte, 1), 0, h) })
	}
	if n := st.b.Requests() - before - rounds; n > rounds/2 {
		t.Errorf("%d requests in %d polls, and there is no room to write", n, rounds)
	}
	if ended {
		t.Fatalf("ended with %v", told)
	}
	if !uring.WatchesRoom(s) {
		t.Error("nothing says when there is room")
	}
	poll := func() { st.run(t, func(h ops.Handler) { f.ReadAt(make([]byte, 1), 0, h) }) }
	if cancels {
		st.conn.Cancel()
		for !ended {
			poll()
		}
		if told != ops.ErrCanceled {
			t.Errorf("ended with %v", told)
		}
	} else {
		got := make(chan int64)
		go func() {
			n, _ := io.Copy(io.Discard, st.peer)
			got <- n
		}()
		for !ended {
			poll()
		}
		st.conn.CloseWrite()
		if n := <-got; told != nil || n != size {
			t.Errorf("ended with %v, and the peer has read %d bytes", told, n)
		}
	}
	if uring.WatchesRoom(s) {
		t.Error("what says when there is room is left")
	}
}
