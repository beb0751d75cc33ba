//go:build !race

package netconn_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestAllocatesNothing sends a message there and back, for which both ends wait.
func TestAllocatesNothing(t *testing.T) {
	for _, name := range platform.Backends() {
		t.Run(name, func(t *testing.T) {
			w := open(t, name, []platform.Option{platform.WithBackend(name)})
			a, b := w.pair()
			served := w.ended(func() error { return echo(b) })
			message, answer := make([]byte, 64), make([]byte, 64)
			n := testing.AllocsPerRun(1000, func() {
				if _, err := a.Write(message); err != nil {
					t.Fatal(err)
				}
				if _, err := a.Read(answer); err != nil {
					t.Fatal(err)
				}
			})
			if n != 0 {
				t.Errorf("a message allocates %v times", n)
			}
			a.Close()
			w.want("echo", served)
		})
	}
}
