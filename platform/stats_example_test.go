package platform_test

import (
	"context"
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A server says how it stands. To see it at /debug/vars, publish Var:
//
//	expvar.Publish("proactor", p.Var())
func ExampleProactor_Stats() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	l.Accept(new(platform.Conn), ops.HandlerFunc(func(int, error) {}))
	p.NewTimer().Wait(time.Millisecond, ops.HandlerFunc(func(int, error) { p.Stop() }))
	fatal(p.Run(context.Background()))

	s := p.Stats()
	fmt.Println(s.Listeners, "listener,", s.Handlers, "handler called")
	for kind, n := range s.Outstanding {
		if n > 0 {
			fmt.Println("outstanding:", n, ops.Kind(kind))
		}
	}
	// Output:
	// 1 listener, 1 handler called
	// outstanding: 1 accept
}
