package ops_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
)

// A message in pieces is written whole, however little of it the peer takes at once.
func ExampleWriteVectoredFull() {
	p, client, server := connected()
	defer p.Close()

	message := [][]byte{[]byte("length: 5\n"), []byte("hello")}
	ops.WriteVectoredFull(client, message, ops.HandlerFunc(func(n int, err error) {
		fmt.Println("written:", n, err)
		client.Close()
	}))
	p.Run(context.Background())

	got := make([]byte, 15)
	ops.ReadFull(server, got, ops.HandlerFunc(func(n int, err error) { fmt.Printf("%s\n", got[:n]) }))
	p.Run(context.Background())
	// Output:
	// written: 15 <nil>
	// length: 5
	// hello
}
