//go:build linux

// Gnet is an echo server on github.com/panjf2000/gnet.
package main

import (
	"log"
	"net"

	"github.com/heirloom-go/heirloom/examples/compare/servers/program"
	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/logging"
	"golang.org/x/sys/unix"
)

func main() {
	o := program.Parse()
	log.Fatal(gnet.Run(new(server), "tcp://"+o.Listen,
		gnet.WithLogLevel(logging.ErrorLevel),
		gnet.WithNumEventLoop(o.Loops),
		gnet.WithReadBufferCap(o.Buffer),
		gnet.WithReusePort(true), // a listener a loop, which also serves what it has accepted
		gnet.WithTCPNoDelay(gnet.TCPNoDelay)))
}

type server struct{ gnet.BuiltinEventEngine }

// OnBoot says which port was chosen.
func (*server) OnBoot(e gnet.Engine) gnet.Action {
	address, err := addressOf(e)
	if err != nil {
		log.Fatal(err)
	}
	program.Listening(address)
	return gnet.None
}

func addressOf(e gnet.Engine) (net.Addr, error) {
	fd, err := e.Dup()
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	name, err := unix.Getsockname(fd)
	if err != nil {
		return nil, err
	}
	v4 := name.(*unix.SockaddrInet4)
	return &net.TCPAddr{IP: v4.Addr[:], Port: v4.Port}, nil
}

func (*server) OnTraffic(c gnet.Conn) gnet.Action {
	b, _ := c.Next(-1) // all that was received, so there is no error
	if _, err := c.Write(b); err != nil {
		return gnet.Close
	}
	return gnet.None
}
