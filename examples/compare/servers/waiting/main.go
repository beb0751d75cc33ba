//go:build unix

// Waiting is an echo server on Heirloom for connections that mostly wait.
package main

import (
	"crypto/tls"
	"flag"
	"log"

	"github.com/heirloom-go/heirloom/examples/compare/certificate"
	"github.com/heirloom-go/heirloom/examples/compare/servers/loops"
	"github.com/heirloom-go/heirloom/examples/compare/waiting"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func main() {
	idle := flag.Duration("idle", 0, "the `time` that a connection may wait for its next message; 0 for ever")
	secure := flag.Bool("tls", false, "speak TLS, with a certificate that nobody else has signed")
	var config *tls.Config // the same for all
	loops.Run(func(l *platform.Listener, _ int) {
		if *secure && config == nil {
			config = certificate.Config()
		}
		s := &waiting.Server{TLS: config, Idle: *idle}
		s.Serve(l, ops.HandlerFunc(func(_ int, err error) { log.Fatal(err) }))
	})
}
