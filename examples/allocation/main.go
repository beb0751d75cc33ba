// Allocation is Asio's example of custom memory allocation, in both of its
// forms: an echo server whose sessions keep one block of memory for all of
// their operations. It prints where each block lies.
//
// In method.go the handler's type has an allocator, as in the C++03 example. In
// bound.go an allocator is bound to a handler that knows nothing about memory, as
// in the C++11 example. The first connection uses the former, the second the latter.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "Usage: allocation [-svg FILE]\n\nRun an echo server and two clients over loopback TCP, and print where the memory\nof each operation lies.")
		flag.PrintDefaults()
	}
	picture := flag.String("svg", "", "draw what has happened to the block of the second session into `FILE`")
	if flag.Parse(); flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "allocation: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	var events []event
	err := run(os.Stdout, &events)
	if err == nil && *picture != "" {
		err = writeChain(*picture, events)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "allocation:", err)
		os.Exit(1)
	}
}

// run runs the server and its clients, and notes what happens in the second session.
func run(out io.Writer, events *[]event) error {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}

	var failed error
	first := &methodSession{memory: memory{out: out}}
	second := newBoundSession(out)
	second.watch(events)
	second.closed = func() { l.Close() }
	acceptSecond := ops.HandlerFunc(func(_ int, err error) {
		fmt.Fprintln(out, "\nAn allocator bound to a handler:")
		if failed = err; err == nil {
			second.read()
		}
	})
	first.closed = func() { l.Accept(&second.conn, acceptSecond) }
	l.Accept(&first.conn, ops.HandlerFunc(func(_ int, err error) {
		fmt.Fprintln(out, "A handler type that answers for its own memory:")
		if failed = err; err == nil {
			first.read()
		}
	}))

	address, sent := l.Addr().String(), make(chan error, 1)
	go func() {
		err := talk(address)
		if err != nil {
			p.Stop()
		}
		sent <- err
	}()
	if err := p.Run(context.Background()); err != nil { // until nothing is outstanding
		return err
	}
	if failed != nil {
		return failed
	}
	return <-sent
}

// talk is a client that connects twice and wants three messages back each time.
func talk(address string) error {
	for range 2 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		defer c.Close()
		for range 3 {
			b := []byte("heirloom")
			if _, err := c.Write(b); err != nil {
				return err
			}
			if _, err := io.ReadFull(c, b); err != nil {
				return err
			}
		}
		c.Close()
	}
	return nil
}
