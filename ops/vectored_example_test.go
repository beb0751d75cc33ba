package ops_test

import (
	"context"
	"fmt"
	"log"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A message in several pieces is written in full, however little the peer takes at once.
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

// A custom stream gets a list of buffers in one operation; this one counts its operations.
func ExampleVectorWriter() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	m := &meter{discard: discard{p}}
	ops.WriteVectoredFull(m, [][]byte{[]byte("head, "), []byte("body")}, ops.HandlerFunc(func(n int, err error) {
		fmt.Println(n, "bytes in", m.writes, "write", err)
	}))
	p.Run(context.Background())
	// Output: 10 bytes in 1 write <nil>
}

type meter struct {
	discard
	writes int
}

func (m *meter) StartWriteVectored(op *ops.Operation, bufs [][]byte) {
	if op.Err == nil {
		m.writes++
		for _, b := range bufs {
			op.N += len(b)
		}
	}
	m.Execute(op)
}
