package ops_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// A server adds up the numbers that a client sends. Both are coroutines, and run on one
// goroutine.
func ExampleSpawn() {
	p, client, server := connected()
	defer p.Close()
	report := ops.HandlerFunc(func(_ int, err error) { fmt.Println("the server has ended:", err) })

	ops.Spawn(p, report, func(co *ops.Co) error {
		defer server.Close()
		sum, digit := 0, make([]byte, 1)
		for {
			switch _, err := co.Read(server, digit); {
			case err == io.EOF:
				_, err = co.Write(server, fmt.Append(nil, sum))
				return err
			case err != nil:
				return err
			}
			sum += int(digit[0] - '0')
		}
	})
	ops.Spawn(p, ops.HandlerFunc(func(int, error) {}), func(co *ops.Co) error {
		defer client.Close()
		for i := range 4 {
			if _, err := co.Write(client, fmt.Append(nil, i)); err != nil {
				return err
			}
		}
		client.CloseWrite()
		answer := make([]byte, 1)
		_, err := co.ReadFull(client, answer)
		fmt.Printf("the sum is %s\n", answer)
		return err
	})
	p.Run(context.Background())
	// Unordered output:
	// the sum is 6
	// the server has ended: <nil>
}

// The memory of a coroutine comes from the allocators of its handler, here from a session.
// However many operations it starts, they take one block.
func ExampleCo() {
	p, client, server := connected()
	defer p.Close()

	var session struct {
		operation combinators.SingleSlot[ops.Operation]
		coroutine combinators.SingleSlot[ops.Co]
	}
	operations := combinators.NewStats[ops.Operation](&session.operation)
	coroutines := combinators.NewStats[ops.Co](&session.coroutine)
	h := ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("ended:", err)
		fmt.Println("blocks in use:", operations.Counts().Live, coroutines.Counts().Live)
	})
	bound := ops.WithAllocator[ops.Co](ops.WithAllocator[ops.Operation](h, operations), coroutines)

	ops.Spawn(p, bound, func(co *ops.Co) error {
		buf := make([]byte, 4)
		for range 100 {
			if _, err := co.Write(client, []byte("ping")); err != nil {
				return err
			}
			if _, err := co.ReadFull(server, buf); err != nil {
				return err
			}
		}
		return nil
	})
	p.Run(context.Background())
	fmt.Println("at most:", operations.Counts().Peak, coroutines.Counts().Peak)
	// Output:
	// ended: <nil>
	// blocks in use: 0 0
	// at most: 1 1
}

// Reading lines, with an operation that Co has no method for.
func ExampleCo_Await() {
	p, client, server := connected()
	defer p.Close()

	ops.Spawn(p, ops.HandlerFunc(func(int, error) {}), func(co *ops.Co) error {
		lines := ops.NewBufferedReader(server, make([]byte, 100))
		for {
			if _, err := co.Await(lines.ReadLine); err != nil {
				fmt.Println(err)
				return err
			}
			fmt.Printf("%s\n", lines.Bytes())
		}
	})
	client.Write([]byte("one\ntwo\n"), ops.HandlerFunc(func(int, error) { client.Close() }))
	p.Run(context.Background())
	// Output:
	// one
	// two
	// EOF
}

// A read with a time limit.
func ExampleCo_Wait() {
	p, client, server := connected()
	defer p.Close()
	timer := p.NewTimer()

	ops.Spawn(p, ops.HandlerFunc(func(int, error) {}), func(co *ops.Co) error {
		var batch ops.Batch
		var members [2]ops.Member
		buf := make([]byte, 100)
		for _, limit := range []time.Duration{time.Minute, time.Millisecond} {
			first, _ := co.Wait(&batch, members[:], ops.UntilFirst, func() {
				server.Read(buf, &members[0])
				timer.Wait(limit, &members[1])
			})
			if first == 1 {
				fmt.Println("nothing for", limit)
			} else {
				fmt.Printf("%s\n", buf[:members[0].N])
			}
		}
		return nil
	})
	client.Write([]byte("hello"), ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	// Output:
	// hello
	// nothing for 1ms
}

// A coroutine that has no buffer while it waits.
func ExampleCo_ReadOnArrival() {
	p, client, server := connected()
	defer p.Close()

	buffers := combinators.NewStats[byte](allocator.Heap[byte]{})
	h := ops.WithAllocator[byte](ops.HandlerFunc(func(int, error) {}), buffers)
	ops.Spawn(p, h, func(co *ops.Co) error {
		for {
			b, err := co.ReadOnArrival(server, 4096)
			if err != nil {
				fmt.Println(err)
				return err
			}
			fmt.Printf("%s, in %d buffer\n", b, buffers.Counts().Live)
			buffers.Deallocate(b)
		}
	})
	ops.Spawn(p, ops.HandlerFunc(func(int, error) {}), func(co *ops.Co) error {
		co.Yield() // the other one waits by now
		fmt.Println("buffers while it waits:", buffers.Counts().Live)
		_, err := co.WriteVectored(client, [][]byte{[]byte("hel"), []byte("lo")})
		client.Close()
		return err
	})
	p.Run(context.Background())
	// Output:
	// buffers while it waits: 0
	// hello, in 1 buffer
	// EOF
}

// Work that takes long, in parts: between them other handlers run.
func ExampleCo_Yield() {
	p, _, _ := connected()
	defer p.Close()

	ops.Spawn(p, ops.HandlerFunc(func(int, error) {}), func(co *ops.Co) error {
		for part := range 3 {
			fmt.Println("part", part)
			if err := co.Yield(); err != nil {
				return err
			}
		}
		return nil
	})
	ops.Post(p, ops.HandlerFunc(func(int, error) { fmt.Println("something else") }))
	p.Run(context.Background())
	// Output:
	// part 0
	// something else
	// part 1
	// part 2
}

// When a proactor is closed, a coroutine that waits ends, and its deferred calls run.
func ExampleCoroutines() {
	p, _, server := connected()
	ops.Spawn(p, ops.HandlerFunc(func(int, error) { fmt.Println("never called") }), func(co *ops.Co) error {
		defer fmt.Println("nothing has arrived")
		ops.Post(p, ops.HandlerFunc(func(int, error) { p.Close() }))
		_, err := co.Read(server, make([]byte, 1))
		return err
	})
	err := p.Run(context.Background())
	fmt.Println(errors.Is(err, net.ErrClosed), p.Coroutines().Len())
	// Output:
	// nothing has arrived
	// true 0
}
