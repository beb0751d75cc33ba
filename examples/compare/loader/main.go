// Loader runs a load in a process of its own, for compare. It reads a load.Config as JSON from
// standard input, prints true when all connections are open, begins when it reads true, and
// prints a load.Result.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

func main() {
	log.SetFlags(0)
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var c load.Config
	if err := in.Decode(&c); err != nil {
		log.Fatal(err)
	}
	result, err := load.Run(context.Background(), c, func() error {
		if err := out.Encode(true); err != nil {
			return err
		}
		var begin bool
		return in.Decode(&begin)
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := out.Encode(result); err != nil {
		log.Fatal(err)
	}
}
