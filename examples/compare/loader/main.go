// Loader runs a load in a process of its own, for compare. It reads a load.Config as JSON from
// standard input, prints true when all connections are open, begins when it reads true, and
// prints a load.Result. With the argument crowd, the load is that of package crowd.
package main

import (
	"context"
	"encoding/json"
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
func run[Config, Result any](load func(context.Context, Config, func() error) (Result, error)) error {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var c Config
	if err := in.Decode(&c); err != nil {
		return err
	}
	result, err := load(context.Background(), c, func() error {
		if err := out.Encode(true); err != nil {
			return err
		}
		var begin bool
		return in.Decode(&begin)
	})
	if err != nil {
		return err
	}
	return out.Encode(result)
}
