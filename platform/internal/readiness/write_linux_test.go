package readiness_test

import (
	"io"
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestWriteWaits writes to a connection that was accepted until there is no room, and
// goes on when its peer has read. It does so twice, as the kernel is asked to tell of
// room only the first time.
func TestWriteWaits(t *testing.T) {
	s := listen(t)
	peer, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	var c platform.Conn
	s.l.Accept(&c, ops.HandlerFunc(func(int, error) {}))
	s.run()
	message := make([]byte, 4<<20)
	for i := range 2 {
		var told error
		n := 0
		ops.WriteFull(&c, message, ops.HandlerFunc(func(m int, err error) { n, told = m, err }))
		s.pass(2)
		if n != 0 || told != nil {
			t.Fatalf("write %d has not waited: %d, %v", i, n, told)
		}
		read := make(chan error, 1)
		go func() {
			_, err := io.CopyN(io.Discard, peer, int64(len(message)))
			read <- err
		}()
		s.run()
		if err := <-read; err != nil || n != len(message) || told != nil {
			t.Fatalf("write %d: %d, %v; its peer: %v", i, n, told, err)
		}
	}
	c.Close()
}
