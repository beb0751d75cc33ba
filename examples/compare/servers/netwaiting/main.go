//go:build unix

// Netwaiting is an echo server on package net for connections that mostly wait, with a
// goroutine for each. It reads 64 bytes at a time, to keep the goroutine small.
package main

import (
	"crypto/tls"
	"flag"
	"log"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/examples/compare/certificate"
	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
)

func main() {
	idle := flag.Duration("idle", 0, "the `time` that a connection may wait for its next message; 0 for ever")
	secure := flag.Bool("tls", false, "speak TLS, with a certificate that nobody else has signed")
	o := program.Parse()
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		log.Fatal(err)
	}
	if *secure {
		l = tls.NewListener(l, certificate.Config())
	}
	program.Serve(l, func(c net.Conn) { echo(c, *idle) })
}

func echo(c net.Conn, idle time.Duration) {
	defer c.Close()
	buf := make([]byte, 64)
	for {
		if idle > 0 {
			c.SetReadDeadline(time.Now().Add(idle))
		}
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
