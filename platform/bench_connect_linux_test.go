package platform_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// BenchmarkConnect measures what a connection costs, made and accepted, and aborted.
func BenchmarkConnect(b *testing.B) {
	for _, name := range platform.Backends() {
		b.Run(name, func(b *testing.B) {
			p, err := platform.New(platform.SingleRunner(), platform.WithBackend(name))
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			l, err := p.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			address := l.Addr().String()
			var server, client platform.Conn
			left := 2
			ended := ops.HandlerFunc(func(_ int, err error) {
				if err != nil {
					b.Error(err)
				}
				if left--; left == 0 {
					p.Stop()
				}
			})
			b.ReportAllocs()
			for b.Loop() {
				left = 2
				l.Accept(&server, ended)
				p.Connect(&client, "tcp", address, ended)
				if err := p.Run(b.Context()); err != nil {
					b.Fatal(err)
				}
				client.Abort()
				server.Close()
			}
		})
	}
}
