package main

import (
	"net/netip"
	"runtime"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// TestListenChurn has clients come and go. From the second on, the server allocates
// nothing for them.
func TestListenChurn(t *testing.T) {
	for _, backend := range platform.Backends() {
		if backend == "portable" {
			continue // package net allocates for each connection
		}
		t.Run(backend, func(t *testing.T) {
			s := listen(t, "-backend", backend, "-buffer", "65536")
			address := netip.MustParseAddrPort(s.address)
			c := &visitor{to: unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}}
			c.visit(t)

			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			const clients = 2000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range clients {
				c.visit(t)
			}
			runtime.ReadMemStats(&after)
			// The runtime allocates now and then on its own behalf.
			if n := after.Mallocs - before.Mallocs; n > clients/50 {
				t.Errorf("%d allocations for %d connections, want none", n, clients)
			}
			s.stop()
		})
	}
}

// A visitor is a client that allocates nothing.
type visitor struct {
	to      unix.SockaddrInet4
	message [64]byte
}

// visit sends a message, waits for the echo and leaves.
func (c *visitor) visit(t *testing.T) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, &c.to); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(fd, c.message[:]); err != nil {
		t.Fatal(err)
	}
	for got := 0; got < len(c.message); {
		n, err := unix.Read(fd, c.message[got:])
		if err != nil || n == 0 {
			t.Fatalf("%d bytes, then %v", got+n, err)
		}
		got += n
	}
}
