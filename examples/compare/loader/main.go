// Loader runs a load in a process of its own, for compare. It reads a load.Config as JSON from
// standard input, prints true when all connections are open, begins when it reads true, and
// prints a load.Result. It keeps the connections until standard input ends, so that what the
// server does when they are closed is not measured. With the argument crowd, the load is that of
// package crowd.
package main

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"os"

	"github.com/heirloom-go/heirloom/examples/compare/crowd"
	"github.com/heirloom-go/heirloom/examples/compare/load"
)

func main() {
	log.SetFlags(0)
	var err error
	if len(os.Args) > 1 && os.Args[1] == "crowd" {
		err = run(crowd.Run)
	} else {
		err = run(load.Run)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// run runs a load as it is told to on standard input.
func run[Config, Result any](load func(context.Context, Config, func() error, func(Result) error) error) error {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var c Config
	if err := in.Decode(&c); err != nil {
		return err
	}
	connected := func() error {
		if err := out.Encode(true); err != nil {
			return err
		}
		var begin bool
		return in.Decode(&begin)
	}
	measured := func(r Result) error {
		if err := out.Encode(r); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	return load(context.Background(), c, connected, measured)
}
