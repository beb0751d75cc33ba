//go:build linux

package main

import (
	"context"
	"fmt"
	"io"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// try opens a proactor, has it pass a message over loopback, and says what it uses.
func try(out io.Writer) error {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()

	var client, server platform.Conn
	const sent = "from one to the other"
	received := make([]byte, len(sent))
	var failed error
	then := func(f func()) ops.Handler {
		return ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				failed = err
				p.Stop()
			} else {
				f()
			}
		})
	}
	l.Accept(&server, then(func() { ops.ReadFull(&server, received, then(p.Stop)) }))
	p.Connect(&client, "tcp", l.Addr().String(), then(func() { ops.WriteFull(&client, []byte(sent), then(func() {})) }))
	if err := p.Run(context.Background()); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	if string(received) != sent {
		return fmt.Errorf("received %q", received)
	}
	fmt.Fprintln(out, p.Backend())
	if err := p.Fallback(); err != nil {
		fmt.Fprintln(out, "not a better one, as:", err)
	}
	return nil
}
