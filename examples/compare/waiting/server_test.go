package waiting

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestIdle has a client send messages within the limit, and then none.
func TestIdle(t *testing.T) {
	const idle = time.Minute
	w := sim.New(sim.Seeded(1), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Idle: idle}
	ended := false
	s.Serve(l, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			t.Errorf("the server ends with %v", err)
		}
		ended = true
	}))

	p.Spawn(ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			t.Errorf("the client: %v", err)
		}
		s.Close()
	}), func(co *platform.Co) error {
		var c platform.Conn
		if err := co.Connect(&c, "tcp", l.Addr().String()); err != nil {
			return err
		}
		defer c.Close()
		buf := make([]byte, 5)
		for range 3 {
			co.Sleep(idle - time.Second)
			if _, err := co.Await(func(h ops.Handler) { ops.WriteFull(&c, []byte("hello"), h) }); err != nil {
				return err
			}
			if _, err := co.ReadFull(&c, buf); err != nil {
				return err
			}
			if string(buf) != "hello" {
				t.Errorf("the echo is %q", buf)
			}
		}
		spoke := w.Now()
		if n, err := co.Read(&c, buf); n != 0 || err != io.EOF {
			t.Errorf("%d bytes and %v, want the end of the stream", n, err)
		}
		if waited := w.Now() - spoke; waited < idle || waited > idle+time.Second {
			t.Errorf("the connection was closed after %v, want %v", waited, idle)
		}
		return nil
	})
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !ended {
		t.Error("the server has not ended")
	}
}
