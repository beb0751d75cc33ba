//go:build !windows

package platform_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A connection of package net, or of a library that uses it, goes on with handlers.
func ExampleProactor_AdoptConn() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	fatal(err)
	defer client.Close()
	accepted, err := l.Accept()
	fatal(err)

	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	var c platform.Conn
	fatal(p.AdoptConn(&c, accepted)) // which is closed
	ops.WriteFull(&c, []byte("hello"), ops.HandlerFunc(func(int, error) { c.Close() }))
	fatal(p.Run(context.Background()))

	text, err := io.ReadAll(client)
	fmt.Println(string(text), err)
	// Output: hello <nil>
}

// Socket activation: systemd has opened the listener, which is descriptor 3 of this
// process. So the process can be restarted without a connection being refused.
func ExampleProactor_AdoptListener() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()

	var l *platform.Listener
	if os.Getenv("LISTEN_FDS") == "1" {
		f := os.NewFile(3, "listener")
		inherited, err := net.FileListener(f)
		fatal(err)
		fatal(f.Close())
		l, err = p.AdoptListener(inherited)
		fatal(err)
	} else { // started by hand
		l, err = p.Listen("tcp", "127.0.0.1:0")
		fatal(err)
	}
	fmt.Println(l.Addr().Network())
	// Output: tcp
}

// A resolver whose packet socket comes from package net.
func ExampleProactor_AdoptPacketConn() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	opened, err := net.ListenPacket("udp", "127.0.0.1:0")
	fatal(err)
	c, err := p.AdoptPacketConn(opened)
	fatal(err)
	fatal(c.SetReadBuffer(1 << 20)) // for many packets at a time
	fmt.Println(c.LocalAddr().Network())
	// Output: udp
}

// A listener is given to the next version of a program, which accepts from it when this
// one has stopped. (Here package net plays the next version.)
func ExampleListener_File() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	f, err := l.File() // for the ExtraFiles of an exec.Cmd
	fatal(err)
	address := l.Addr().String()
	fatal(l.Close())

	next, err := net.FileListener(f)
	fatal(err)
	fatal(f.Close())
	defer next.Close()
	c, err := net.Dial("tcp", address)
	fmt.Println("connected:", err == nil)
	if err == nil {
		c.Close()
	}
	// Output: connected: true
}

// A connection is given to a library that wants a net.Conn.
func ExampleConn_File() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	var c platform.Conn
	l.Accept(&c, ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
	client, err := net.Dial("tcp", l.Addr().String())
	fatal(err)
	defer client.Close()
	fatal(p.Run(context.Background()))

	f, err := c.File()
	fatal(err)
	fatal(c.Close())
	nc, err := net.FileConn(f)
	fatal(err)
	fatal(f.Close())
	fmt.Fprint(nc, "from package net")
	fatal(nc.Close())
	text, err := io.ReadAll(client)
	fmt.Println(string(text), err)
	// Output: from package net <nil>
}
