package conformance

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// worlds opens a proactor of each kind, and has it run.
var worlds = map[string]func() (*platform.Proactor, error){
	"sim": func() (*platform.Proactor, error) {
		return platform.New(platform.WithCustomBackend(sim.New(sim.Seeded(1)).Backend))
	},
	"sim, a single runner": func() (*platform.Proactor, error) {
		return platform.New(platform.WithCustomBackend(sim.New(sim.Seeded(1)).Backend), platform.SingleRunner())
	},
}

func init() {
	for _, name := range platform.Backends() {
		worlds[name] = func() (*platform.Proactor, error) { return platform.New(platform.WithBackend(name)) }
		worlds[name+", a single runner"] = func() (*platform.Proactor, error) {
			return platform.New(platform.WithBackend(name), platform.SingleRunner())
		}
	}
}

// run opens a proactor and runs it for as long as the test lasts.
func run(t *testing.T, open func() (*platform.Proactor, error)) *platform.Proactor {
	p, err := open()
	if err != nil {
		t.Fatal(err)
	}
	hold := p.Hold()
	over := make(chan error)
	go func() { over <- p.Run(context.Background()) }()
	t.Cleanup(func() {
		hold.Release()
		p.Close()
		if err := <-over; err != net.ErrClosed && err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return p
}

// TestConn has the conformance tests of package nettest for a net.Conn.
func TestConn(t *testing.T) {
	for name, open := range worlds {
		t.Run(name, func(t *testing.T) {
			for _, network := range []string{"tcp", "unix"} {
				t.Run(network, func(t *testing.T) {
					p := run(t, open)
					n := 0
					nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
						address := "127.0.0.1:0"
						if n++; network == "unix" {
							address = filepath.Join(t.TempDir(), "s")
						}
						l, err := netconn.Listen(p, network, address)
						if err != nil {
							return nil, nil, nil, err
						}
						defer l.Close()
						d := netconn.Dialer{Proactor: p}
						if c1, err = d.Dial(network, l.Addr().String()); err != nil {
							return nil, nil, nil, err
						}
						if c2, err = l.Accept(); err != nil {
							c1.Close()
							return nil, nil, nil, err
						}
						return c1, c2, func() { c1.Close(); c2.Close() }, nil
					})
				})
			}
		})
	}
}
