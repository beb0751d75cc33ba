package sim_test

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A client that says nothing for five minutes is disconnected, which takes no time to
// test. Copy this to begin with.
func TestInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := sim.New(sim.Seeded(1))
		p, err := platform.New(platform.WithCustomBackend(w.Backend))
		if err != nil {
			t.Fatal(err)
		}
		hold := p.Hold() // so that Run waits for what this goroutine starts
		ended := make(chan error)
		go func() { ended <- p.Run(t.Context()) }()

		l, err := p.Listen("tcp", "10.0.0.1:80")
		if err != nil {
			t.Fatal(err)
		}
		var server, client platform.Conn
		l.Accept(&server, ops.HandlerFunc(func(int, error) {
			server.SetReadDeadline(time.Now().Add(5 * time.Minute))
			server.Read(make([]byte, 64), ops.HandlerFunc(func(_ int, err error) {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("the read ends with %v", err)
				}
				server.Close()
			}))
		}))
		start, told := time.Now(), make(chan error)
		p.Connect(&client, "tcp", "10.0.0.1:80", ops.HandlerFunc(func(int, error) {
			client.Read(make([]byte, 64), ops.HandlerFunc(func(_ int, err error) { told <- err }))
		}))
		if err := <-told; err == nil {
			t.Error("the client is not disconnected")
		}
		if took := time.Since(start); took != 5*time.Minute {
			t.Errorf("the client is disconnected after %v", took)
		}

		hold.Release()
		p.Close()
		if err := <-ended; err != net.ErrClosed {
			t.Errorf("Run: %v", err)
		}
	})
}
