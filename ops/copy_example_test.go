package ops_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
)

// A server that sends back whatever comes, until the client has said all.
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

// A proxy: what a client says goes to the server, and the answers back, until both have
// closed. A direction that has ended leaves the other one open.
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
