//go:build linux

// Nbio is an echo server on github.com/lesismal/nbio.
package main

import (
	"log"
	"net"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
	"github.com/lesismal/nbio"
	"github.com/lesismal/nbio/logging"
)

func main() {
	o := program.Parse()
	logging.SetLevel(logging.LevelError)
	e := nbio.NewEngine(nbio.Config{
		Network: "tcp", Addrs: []string{o.Listen},
		NPoller:            o.Loops,
		ReadBufferSize:     o.Buffer,
		MaxWriteBufferSize: 8 << 20, // more than a message of any scenario
		Listen:             listen,
	})
	e.OnData(func(c *nbio.Conn, data []byte) { c.Write(data) }) // it closes the connection itself after an error
	if err := e.Start(); err != nil {
		log.Fatal(err)
	}
	select {}
}

// listen says which port was chosen.
func listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err == nil {
		program.Listening(l.Addr())
	}
	return l, err
}
