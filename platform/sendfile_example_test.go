package platform_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A file follows its header on the same connection: writes are done in the order in which
// they were started.
func ExampleConn_SendFile() {
	dir, err := os.MkdirTemp("", "")
	fatal(err)
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "poem")
	fatal(os.WriteFile(name, []byte("the same block serves the whole chain\n"), 0o600))

	p, err := platform.New()
	fatal(err)
	defer p.Close()
	file, err := p.OpenFile(name, os.O_RDONLY, 0)
	fatal(err)
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	got := make(chan string)
	go func() {
		c, err := net.Dial("tcp", l.Addr().String())
		fatal(err)
		defer c.Close()
		all, err := io.ReadAll(c)
		fatal(err)
		got <- string(all)
	}()

	c := new(platform.Conn)
	l.Accept(c, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		ops.WriteFull(c, []byte("a poem: "), ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
		c.SendFile(file, 0, -1, ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			fatal(c.Close())
		}))
	}))
	fatal(p.Run(context.Background()))
	fmt.Print(<-got)
	// Output: a poem: the same block serves the whole chain
}
