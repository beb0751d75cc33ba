package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A connection that is idle for hours, through a router that forgets idle connections
// after minutes.
func ExampleConn_SetKeepAlive() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	var server, client platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		fmt.Println(server.SetKeepAlive(net.KeepAliveConfig{Enable: true, Idle: time.Minute}))
	}))
	p.Connect(&client, "tcp", l.Addr().String(), ops.HandlerFunc(func(int, error) {}))
	fatal(p.Run(context.Background()))
	// Output: <nil>
}

// A program leaves the path of its listener to its successor.
func ExampleListener_SetUnlinkOnClose() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	dir, err := os.MkdirTemp("", "service")
	fatal(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := p.Listen("unix", path)
	fatal(err)
	fatal(l.SetUnlinkOnClose(false))
	fatal(l.Close())
	_, err = os.Lstat(path)
	fmt.Println(err)
	// Output: <nil>
}

// All listeners of a group have the same options.
func ExampleListenConfig_ListenGroup() {
	g, err := platform.NewGroup(2)
	fatal(err)
	defer g.Close()
	c := platform.ListenConfig{SocketOptions: platform.SocketOptions{NoKeepAlive: true}}
	all, err := c.ListenGroup(g, "tcp", "127.0.0.1:0")
	fmt.Println(len(all) == 2 || errors.Is(err, errors.ErrUnsupported))
	// Output: true
}
