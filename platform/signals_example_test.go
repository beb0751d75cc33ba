//go:build unix

package platform_test

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A server stops when it is told to.
func ExampleSignals() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	signals, err := p.NewSignals(os.Interrupt, syscall.SIGTERM)
	fatal(err)
	signals.Wait(ops.HandlerFunc(func(n int, err error) {
		fatal(err)
		fmt.Println("stopped by:", syscall.Signal(n))
		fatal(signals.Close()) // a second one ends the process
	}))

	fatal(syscall.Kill(syscall.Getpid(), syscall.SIGTERM)) // as a supervisor does
	fatal(p.Run(context.Background()))
	// Output: stopped by: terminated
}
