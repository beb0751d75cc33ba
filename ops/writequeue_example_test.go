package ops_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
)

// A message to many connections: it is in memory once, and may be used again when the last
// of the handlers has been called.
func ExampleWriteQueue() {
	p, client, server := connected()
	defer p.Close()
	client2, server2 := joined(p)

	message, uses := []byte("hello, everybody"), 0
	for _, member := range []*ops.WriteQueue{
		ops.NewWriteQueue(server, 64<<10),
		ops.NewWriteQueue(server2, 64<<10),
	} {
		uses++
		member.Write(message, ops.HandlerFunc(func(int, error) {
			if uses--; uses == 0 {
				fmt.Println("the message is free again")
				server.Close()
				server2.Close()
			}
		}))
	}
	for _, c := range []*ops.Copier{new(ops.Copier), new(ops.Copier)} {
		c.Copy(printer{p}, client, nil, ops.HandlerFunc(func(int, error) {}))
		client = client2
	}
	p.Run(context.Background())
	// Unordered output:
	// the message is free again
	// hello, everybody
	// hello, everybody
}

// printer is a stream that prints what is written to it.
type printer struct{ ops.Executor }

func (w printer) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		fmt.Printf("%s\n", op.Buf)
		op.N = len(op.Buf)
	}
	w.Execute(op)
}
