//go:build linux

// Net is an echo server on package net, with a goroutine and a buffer per connection. It has no
// loops; the flag says how many processors it may use.
package main

import (
	"log"
	"net"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
)

func main() {
	o := program.Parse()
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		log.Fatal(err)
	}
	program.Serve(l, func(c net.Conn) { echo(c, make([]byte, o.Buffer)) })
}

func echo(c net.Conn, buffer []byte) {
	defer c.Close()
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if _, err := c.Write(buffer[:n]); err != nil {
			return
		}
	}
}
