package ops_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A request and its answer as one operation. Its frame comes from the allocator
// that the handler brings, and is free again for the next request.
func ExampleCompose() {
	p, client, server := connected()
	defer p.Close()
	p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error { // the other side
		defer server.Close()
		letter := make([]byte, 1)
		for {
			if _, err := co.ReadFull(server, letter); err != nil {
				return err
			}
			letter[0] -= 'a' - 'A'
			if _, err := co.Write(server, letter); err != nil {
				return err
			}
		}
	})

	frames := combinators.NewStats[ops.Frame[exchange]](allocator.Heap[ops.Frame[exchange]]{})
	letters := []byte("abc")
	var again ops.Handler
	again = ops.WithAllocator(ops.HandlerFunc(func(_ int, err error) {
		fmt.Printf("%s %v\n", letters[:1], err)
		if letters = letters[1:]; len(letters) == 0 {
			client.Close()
			return
		}
		ops.Compose(p, again, exchange{client, letters[:1]}, ask)
	}), combinators.NewSingleSlot[ops.Frame[exchange]](frames))
	ops.Compose(p, again, exchange{client, letters[:1]}, ask)
	p.Run(context.Background())
	fmt.Println("frames:", frames.Counts().Total)
	// Output:
	// A <nil>
	// B <nil>
	// C <nil>
	// frames: 1
}

// exchange is the state of a request that waits for its answer.
type exchange struct {
	peer ops.Stream
	buf  []byte // nil once the answer is awaited
}

// ask is its step: a function and no closure, so that it is not allocated.
func ask(f *ops.Frame[exchange], n int, err error) {
	s := &f.State
	switch {
	case err != nil || s.buf == nil:
		f.Return(n, err)
	case n == 0:
		ops.WriteFull(s.peer, s.buf, f)
	default:
		buf := s.buf
		s.buf = nil
		ops.ReadFull(s.peer, buf, f)
	}
}
