package ops_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A server that sends back everything, until the client ends its stream.
func ExampleCopier() {
	p, client, server := connected()
	defer p.Close()

	var echo ops.Copier
	echo.Copy(server, server, make([]byte, 4096), ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("copied:", echo.Copied(), err)
		server.Close()
	}))

	reply := make([]byte, 100)
	ops.WriteFull(client, []byte("hello"), ops.HandlerFunc(func(int, error) { client.CloseWrite() }))
	ops.ReadFull(client, reply, ops.HandlerFunc(func(n int, _ error) {
		fmt.Printf("%s\n", reply[:n])
	}))
	p.Run(context.Background())
	// Output:
	// copied: 5 <nil>
	// hello
}

// A proxy: what a client sends goes to the server, and the answers back, until both streams
// have ended. When one direction has ended, the other stays open.
func ExamplePipe() {
	p, client, fromClient := connected()
	defer p.Close()
	toServer, server := joined(p)

	new(ops.Pipe).Start(fromClient, toServer, nil, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("the proxy is done:", err)
		fromClient.Close()
		toServer.Close()
	}))

	question, answer := make([]byte, 100), make([]byte, 100)
	ops.WriteFull(client, []byte("2 + 2?"), ops.HandlerFunc(func(int, error) { client.CloseWrite() }))
	ops.ReadFull(server, question, ops.HandlerFunc(func(n int, _ error) {
		fmt.Printf("server: %s\n", question[:n])
		ops.WriteFull(server, []byte("4"), ops.HandlerFunc(func(int, error) { server.Close() }))
	}))
	ops.ReadFull(client, answer, ops.HandlerFunc(func(n int, _ error) {
		fmt.Printf("client: %s\n", answer[:n])
	}))
	p.Run(context.Background())
	// Unordered output:
	// server: 2 + 2?
	// the proxy is done: <nil>
	// client: 4
}

// A pipe closes the writing side of a stream when it has written everything, if that can be
// closed alone.
func ExampleWriteCloser() {
	p, err := platform.New()
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	a := &ear{canned: canned{p, strings.NewReader("hello")}}
	b := &ear{canned: canned{p, strings.NewReader("")}}
	new(ops.Pipe).Start(a, b, nil, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("a has heard:", a.heard, a.closed)
		fmt.Println("b has heard:", b.heard, b.closed)
	}))
	p.Run(context.Background())
	// Output:
	// a has heard:  true
	// b has heard: hello true
}

// An ear is a stream that keeps what is written to it, and says what it was given.
type ear struct {
	canned
	heard  string
	closed bool
}

func (e *ear) StartWrite(op *ops.Operation) {
	if op.Err == nil {
		e.heard += string(op.Buf)
		op.N = len(op.Buf)
	}
	e.Execute(op)
}

func (e *ear) CloseWrite() error {
	e.closed = true
	return nil
}
