package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A service on a unix socket that only its own user may connect to.
func ExampleListenConfig() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	dir, err := os.MkdirTemp("", "service")
	fatal(err)
	defer os.RemoveAll(dir)

	path := filepath.Join(dir, "control")
	l, err := platform.ListenConfig{Mode: 0o600, Backlog: 16}.Listen(p, "unix", path)
	if errors.Is(err, errors.ErrUnsupported) { // on Windows
		l, err = p.Listen("unix", path)
	}
	fatal(err)
	fmt.Println(l.Addr().Network(), filepath.Base(l.Addr().String()))
	// Output: unix control
}

// A server whose clients may vanish: it notices after 30 s of silence and three
// unanswered probes.
func ExampleSocketOptions() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	c := platform.ListenConfig{SocketOptions: platform.SocketOptions{
		KeepAlive:  net.KeepAliveConfig{Idle: 30 * time.Second, Interval: 10 * time.Second, Count: 3},
		ReadBuffer: 256 << 10,
	}}
	l, err := c.Listen(p, "tcp", "127.0.0.1:0")
	fatal(err)
	fmt.Println("listens:", l.Addr() != nil)
	// Output: listens: true
}

// An upload should be sent in full packets, so the system may hold small writes back.
func ExampleConn_SetNoDelay() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	var server, client platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(int, error) {}))
	p.Connect(&client, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		fmt.Println(client.SetNoDelay(false))
	}))
	fatal(p.Run(context.Background()))
	// Output: <nil>
}

// A client that violates the protocol is disconnected, and nothing is kept for it: neither
// data that it might still read, nor the port.
func ExampleConn_Abort() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	var server platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		server.Abort()
	}))
	client, err := net.Dial("tcp", l.Addr().String())
	fatal(err)
	defer client.Close()
	fatal(p.Run(context.Background()))
	_, err = client.Read(make([]byte, 1))
	fmt.Println("the end of the stream:", err == io.EOF)
	// Output: the end of the stream: false
}

// An option that has no method: the type of the socket.
func ExampleConn_SyscallConn() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	raw, err := l.SyscallConn()
	fatal(err)
	err = raw.Control(func(fd uintptr) {
		// setsockopt(2) with fd comes here.
		fmt.Println("a descriptor:", fd != 0)
	})
	fatal(err)
	// Output: a descriptor: true
}

// Options of the socket itself are set before it is bound.
func ExampleListenConfig_control() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	c := platform.ListenConfig{Control: func(network, address string, c syscall.RawConn) error {
		fmt.Println(network, address)
		return nil
	}}
	_, err = c.ListenPacket(p, "udp", "127.0.0.1:0")
	fatal(err)
	// Output: udp4 127.0.0.1:0
}
