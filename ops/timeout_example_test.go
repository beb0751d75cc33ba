package ops_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// A request that gives up when the peer does not answer. The handler is bound to
// its timeout once, and each operation that is started with it has that limit.
func ExampleWithTimeout() {
	p, client, server := connected()
	defer p.Close()

	answer := ops.WithTimeout(ops.HandlerFunc(func(n int, err error) {
		fmt.Println("timed out:", errors.Is(err, os.ErrDeadlineExceeded))
		client.Close()
	}), time.Millisecond)
	client.Read(make([]byte, 100), answer)

	server.Read(make([]byte, 100), ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("the peer:", err)
	}))
	p.Run(context.Background())
	// Output:
	// timed out: true
	// the peer: EOF
}
