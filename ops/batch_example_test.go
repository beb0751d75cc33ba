package ops_test

import (
	"context"
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// The answer of the faster of two servers: the request to the other one is cancelled, and
// its buffer is free again when the handler is called.
func ExampleBatch() {
	p, fast, fastServer := connected()
	defer p.Close()
	slow, _ := joined(p)

	var first ops.Batch
	var members [3]ops.Member
	answers := make([]byte, 200)
	first.Start(members[:], ops.UntilFirst, ops.HandlerFunc(func(who int, err error) {
		fmt.Printf("server %d: %s\n", who, answers[100*who:][:members[who].N])
		for i := range members {
			fmt.Println(i, members[i].Err)
		}
	}))
	fast.Read(answers[:100], &members[0])
	slow.Read(answers[100:], &members[1])
	p.NewTimer().Wait(time.Minute, &members[2]) // and no longer than that

	ops.WriteFull(fastServer, []byte("hello"), ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	// Output:
	// server 0: hello
	// 0 <nil>
	// 1 ops: operation canceled
	// 2 ops: operation canceled
}
