//go:build linux

// Netpoll is an echo server on github.com/cloudwego/netpoll.
package main

import (
	"context"
	"io"
	"log"
	"net"

	"github.com/cloudwego/netpoll"
	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
)

func main() {
	o := program.Parse()
	if err := serve(o); err != nil {
		log.Fatal(err)
	}
}

func serve(o program.Options) error {
	err := netpoll.Configure(netpoll.Config{PollerNum: o.Loops, BufferSize: o.Buffer, LoggerOutput: io.Discard})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	polled, err := netpoll.ConvertListener(l)
	if err != nil {
		return err
	}
	loop, err := netpoll.NewEventLoop(echo)
	if err != nil {
		return err
	}
	program.Listening(l.Addr())
	return loop.Serve(polled)
}

// echo sends back all that was received.
func echo(_ context.Context, c netpoll.Connection) error {
	n := c.Reader().Len()
	in, err := c.Reader().Next(n)
	if err != nil {
		return err
	}
	out, err := c.Writer().Malloc(n)
	if err != nil {
		return err
	}
	copy(out, in)
	if err := c.Reader().Release(); err != nil {
		return err
	}
	return c.Writer().Flush()
}
