package ops_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
)

// A member of a chat. Each message is appended to everybody's writer, and a member who
// does not read is disconnected.
func ExampleBufferedWriter() {
	p, client, server := connected()
	defer p.Close()

	out := ops.NewBufferedWriter(server, 64<<10, nil)
	say := func(text string) {
		if err := out.Append([]byte(text)); err != nil { // ops.ErrQueueFull
			server.Close()
		}
	}
	for _, who := range []string{"ann", "bob", "eve"} {
		ops.Post(p, ops.HandlerFunc(func(int, error) { say(who + ": hello\n") }))
	}
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		out.Flush(ops.HandlerFunc(func(int, error) { server.Close() })) // when all is out
	}))

	text := make([]byte, 1000)
	ops.ReadFull(client, text, ops.HandlerFunc(func(n int, _ error) {
		fmt.Printf("%s", text[:n])
	}))
	p.Run(context.Background())
	// Output:
	// ann: hello
	// bob: hello
	// eve: hello
}

// A producer that goes on as fast as its peer reads.
func ExampleBufferedWriter_WhenRoom() {
	p, client, server := connected()
	defer p.Close()

	out := ops.NewBufferedWriter(server, 4096, nil)
	line, left := []byte("a line of a long report\n"), 1000
	var produce ops.HandlerFunc
	produce = func(_ int, err error) {
		for ; left > 0 && err == nil; left-- {
			if err = out.Append(line); err == ops.ErrQueueFull {
				out.WhenRoom(2048, produce)
				return
			}
		}
		out.Flush(ops.HandlerFunc(func(int, error) { server.Close() }))
	}
	produce(0, nil)

	report := make([]byte, 1<<20)
	ops.ReadFull(client, report, ops.HandlerFunc(func(n int, _ error) {
		fmt.Println(n/len(line), "lines")
	}))
	p.Run(context.Background())
	// Output: 1000 lines
}
