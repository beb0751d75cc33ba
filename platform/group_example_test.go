//go:build linux || freebsd

package platform_test

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/platform"
)

// A server with a proactor on each of two processors. Each has its own listener,
// and the kernel distributes the connections.
func ExampleGroup() {
	g, err := platform.NewGroup(2)
	if err != nil {
		panic(err)
	}
	defer g.Close()
	all, err := g.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(len(all), "listeners, one port:", all[0].Addr().String() == all[1].Addr().String())
	// A server accepts on all of them; here they are closed at once.
	for _, l := range all {
		l.Close()
	}
	fmt.Println(g.Run(context.Background()))
	// Output:
	// 2 listeners, one port: true
	// <nil>
}
