package ops_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"runtime/trace"

	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// An execution trace shows the memory of a chain, and its handlers, under one name. A
// program writes it to a file, for go tool trace and for examples/tracechain.
func ExampleWithTrace() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	var file bytes.Buffer
	if err := trace.Start(&file); err != nil {
		log.Print(err) // it is being traced already
	} else {
		defer trace.Stop()
	}
	memory := combinators.NewTrace(new(combinators.SingleSlot[ops.Operation]), "session 7")
	h := ops.HandlerFunc(func(int, error) { fmt.Println("session 7 has begun") })
	ops.Post(p, ops.WithTrace(ops.WithAllocator(h, memory), "session 7: begin"))
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	// Output: session 7 has begun
}
