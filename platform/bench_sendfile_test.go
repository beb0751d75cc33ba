package platform_test

import (
	"io"
	"net"
	"os"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// BenchmarkSendFile sends a file of 64 MiB, and, for comparison, reads and writes it in
// parts of 256 KiB, and lets package net send it. The other end throws it away.
func BenchmarkSendFile(b *testing.B) {
	const size = 64 << 20
	for _, name := range platform.Backends() {
		p, err := platform.New(platform.WithBackend(name), platform.SingleRunner())
		fatal(err)
		path := b.TempDir() + "/content"
		fatal(os.WriteFile(path, make([]byte, size), 0o600))
		f, err := p.OpenFile(path, os.O_RDONLY, 0)
		fatal(err)
		l, err := p.Listen("tcp", "127.0.0.1:0")
		fatal(err)
		go func() {
			c, err := net.Dial("tcp", l.Addr().String())
			fatal(err)
			io.Copy(io.Discard, struct{ io.Reader }{c})
		}()
		c := new(platform.Conn)
		l.Accept(c, ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
		fatal(p.Run(b.Context()))
		b.Run(name+"/sendfile", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				c.SendFile(f, 0, -1, ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
				fatal(p.Run(b.Context()))
			}
		})
		b.Run(name+"/read-and-write", func(b *testing.B) {
			b.SetBytes(size)
			buf := make([]byte, 256<<10)
			for b.Loop() {
				at := int64(0)
				var read, wrote func(int, error)
				read = func(n int, err error) {
					if err != io.EOF {
						fatal(err)
						at += int64(n)
						ops.WriteFull(c, buf[:n], ops.HandlerFunc(wrote))
					}
				}
				wrote = func(_ int, err error) { fatal(err); f.ReadAt(buf, at, ops.HandlerFunc(read)) }
				wrote(0, nil)
				fatal(p.Run(b.Context()))
			}
		})
		p.Close()
	}
	b.Run("net", func(b *testing.B) {
		path := b.TempDir() + "/content"
		fatal(os.WriteFile(path, make([]byte, size), 0o600))
		l, err := net.Listen("tcp", "127.0.0.1:0")
		fatal(err)
		defer l.Close()
		go func() {
			c, err := net.Dial("tcp", l.Addr().String())
			fatal(err)
			io.Copy(io.Discard, struct{ io.Reader }{c})
		}()
		c, err := l.Accept()
		fatal(err)
		defer c.Close()
		b.SetBytes(size)
		for b.Loop() {
			f, err := os.Open(path)
			fatal(err)
			_, err = io.Copy(c, f)
			fatal(err)
			f.Close()
		}
	})
}
