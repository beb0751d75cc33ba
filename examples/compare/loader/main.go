// Loader runs a load in a process of its own, for compare: it reads a load.Config as JSON from
// standard input and prints a load.Result.
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
	var c load.Config
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		log.Fatal(err)
	}
	result, err := load.Run(context.Background(), c)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}
