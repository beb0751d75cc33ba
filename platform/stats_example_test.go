package platform_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A server prints its statistics. To see them at /debug/vars, publish Var:
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

// A log line with two figures: how busy the proactor is, and whether it keeps up.
func ExampleStats() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	timer := p.NewTimer()
	for range 3 {
		timer.Wait(time.Hour, ops.HandlerFunc(func(int, error) {}))
	}
	ops.Post(p, ops.HandlerFunc(func(int, error) {
		s := p.Stats()
		fmt.Println("outstanding:", s.Outstanding.Total(), "ready:", s.Ready, "timers:", s.Timers)
		p.Stop()
	}))
	fatal(p.Run(context.Background()))
	// Output: outstanding: 3 ready: 1 timers: 3
}

// The number of operations of one kind, and of all kinds. In JSON they are named by kind.
func ExampleKindCounts() {
	var n platform.KindCounts
	n[ops.KindRead], n[ops.KindWait] = 5, 2
	fmt.Println(n[ops.KindRead], "of", n.Total())
	text, err := json.Marshal(n)
	fatal(err)
	var named map[string]int
	fatal(json.Unmarshal(text, &named))
	fmt.Println(named["read"], named["wait"])
	// Output:
	// 5 of 7
	// 5 2
}
