//go:build !race

package main

import (
	"io"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestProxyAllocatesNothing has messages passed on and answered, short ones, and long ones
// that the kernel moves where it can.
func TestProxyAllocatesNothing(t *testing.T) {
	for _, name := range platform.Backends() {
		t.Run(name, func(t *testing.T) {
			client, server := passedOn(t, name)
			for _, size := range []int{64, 1 << 20} {
				message, came := make([]byte, size), make([]byte, size)
				ask, asked := make(chan bool), make(chan error)
				go func() {
					for range ask {
						_, err := client.Write(message)
						asked <- err
					}
				}()
				n := testing.AllocsPerRun(100, func() {
					ask <- true
					if _, err := io.ReadFull(server, came); err != nil {
						t.Fatal(err)
					}
					if err := <-asked; err != nil {
						t.Fatal(err)
					}
					if _, err := server.Write(message[:1]); err != nil {
						t.Fatal(err)
					}
					if _, err := io.ReadFull(client, came[:1]); err != nil {
						t.Fatal(err)
					}
				})
				close(ask)
				if n != 0 {
					t.Errorf("a message of %d bytes and its answer allocate %v times", size, n)
				}
			}
		})
	}
}
