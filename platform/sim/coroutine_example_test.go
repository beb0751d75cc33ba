package sim_test

import (
	"fmt"
	"io"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// An echo server that reads as if it had a goroutine per connection, and a client that
// sends something once an hour, on two simulated computers.
func Example_coroutines() {
	w := sim.New(sim.Seeded(1))
	server, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	client, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	ended := func(what string) ops.Handler {
		return ops.HandlerFunc(func(_ int, err error) { fmt.Println(what, "has ended:", err) })
	}

	l, _ := server.Listen("tcp", "10.0.0.1:7")
	server.Spawn(ended("the server"), func(co *platform.Co) error {
		for {
			c := new(platform.Conn)
			if err := co.Accept(l, c); err != nil {
				return err
			}
			server.Spawn(ended("the session"), func(co *platform.Co) error {
				defer l.Close()
				defer c.Close()
				buf := make([]byte, 100)
				for {
					n, err := co.Read(c, buf)
					if err == io.EOF {
						return nil
					}
					if err != nil {
						return err
					}
					if _, err := co.Write(c, buf[:n]); err != nil {
						return err
					}
				}
			})
		}
	})
	client.Spawn(ended("the client"), func(co *platform.Co) error {
		var c platform.Conn
		if err := co.Connect(&c, "tcp", "10.0.0.1:7"); err != nil {
			return err
		}
		defer c.Close()
		reply := make([]byte, 4)
		for i := range 2 {
			co.Sleep(time.Hour)
			if _, err := co.Write(&c, fmt.Appendf(nil, "no %d", i)); err != nil {
				return err
			}
			if _, err := co.ReadFull(&c, reply); err != nil {
				return err
			}
			fmt.Printf("%s\n", reply)
		}
		return nil
	})
	fmt.Println(w.Run(server, client), w.Now().Round(time.Hour))
	// Output:
	// no 0
	// no 1
	// the client has ended: <nil>
	// the session has ended: <nil>
	// the server has ended: use of closed network connection
	// <nil> 2h0m0s
}
