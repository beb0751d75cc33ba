package platform_test

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A proxy forwards a megabyte. Its buffer has 64 KiB, but if the kernel can move the bytes
// (see ops.Splicer), hardly any of them go through it. The program need not ask for that.
func ExampleConn_StartSplice() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	address := l.Addr().String()
	peers := make(chan string, 1)
	peer := func(do func(c *net.TCPConn)) {
		c, err := net.Dial("tcp", address)
		fatal(err)
		defer c.Close()
		do(c.(*net.TCPConn))
	}
	var client, server platform.Conn
	var pipe ops.Pipe
	l.Accept(&client, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		go peer(func(c *net.TCPConn) {
			n, err := io.Copy(io.Discard, c)
			peers <- fmt.Sprint("the server has got ", n, " bytes, error ", err)
		})
		l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			pipe.Start(&client, &server, nil, ops.HandlerFunc(func(_ int, err error) {
				fatal(err)
				fmt.Println(pipe.Copied())
			}))
		}))
	}))
	go peer(func(c *net.TCPConn) {
		_, err := c.Write(make([]byte, 1<<20))
		fatal(err)
		fatal(c.CloseWrite())
		io.Copy(io.Discard, c)
	})
	fatal(p.Run(context.Background()))
	fmt.Println(<-peers)
	// Output:
	// 1048576 0
	// the server has got 1048576 bytes, error <nil>
}
