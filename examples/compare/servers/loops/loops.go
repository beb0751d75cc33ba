//go:build unix

// Package loops runs a server of Heirloom with as many loops as its flags say.
package loops

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
	"github.com/heirloom-go/heirloom/platform"
)

// Run parses the flags of the program, has serve begin on the listener of each loop, with the size
// of a buffer, and runs the loops.
func Run(serve func(l *platform.Listener, buffer int)) {
	backend := flag.String("backend", "", fmt.Sprint("the kernel `interface`, one of ", platform.Backends(), "; the best of them if empty"))
	o := program.Parse()
	log.Fatal(run(o, *backend, serve))
}

func run(o program.Options, backend string, serve func(l *platform.Listener, buffer int)) error {
	g, err := platform.NewGroup(o.Loops, platform.WithBackend(backend))
	if err != nil {
		return err
	}
	defer g.Close()
	listeners, err := g.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	for _, l := range listeners {
		serve(l, o.Buffer)
	}
	program.Listening(listeners[0].Addr())
	return g.Run(context.Background())
}
