//go:build unix

// Netproxy passes connections on with package net, with two goroutines per connection, one for each
// direction. Between TCP connections, io.Copy has the kernel move the bytes (splice(2) of Linux).
package main

import (
	"flag"
	"io"
	"log"
	"net"
	"sync"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
)

func main() {
	to := flag.String("to", "", "the `address` to pass connections on to")
	o := program.Parse()
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		log.Fatal(err)
	}
	program.Serve(l, func(c net.Conn) { pass(c.(*net.TCPConn), *to) })
}

func pass(client *net.TCPConn, to string) {
	defer client.Close()
	c, err := net.Dial("tcp", to)
	if err != nil {
		log.Print(err)
		return
	}
	server := c.(*net.TCPConn)
	defer server.Close()
	var directions sync.WaitGroup
	directions.Go(func() { forward(server, client) })
	directions.Go(func() { forward(client, server) })
	directions.Wait()
}

// forward passes one direction on. Its end leaves the other open, and an error ends both.
func forward(dst, src *net.TCPConn) {
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		src.Close()
		return
	}
	dst.CloseWrite()
}
