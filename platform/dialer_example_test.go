package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A client dials a host by name. What the resolver knows stands in the example, so that it
// runs anywhere: a program leaves it out.
func ExampleDialer() {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	l, err := p.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	var server platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(int, error) { l.Close() }))

	d := &platform.Dialer{Timeout: 5 * time.Second, Resolver: table{"db.example": "127.0.0.1"}}
	var c platform.Conn
	d.Dial(p, &c, "tcp", "db.example:"+port, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println("db.example:", err)
	}))
	var none platform.Conn
	d.Dial(p, &none, "tcp", "nowhere.example:"+port, ops.HandlerFunc(func(_ int, err error) {
		var unknown *net.DNSError
		fmt.Println("nowhere.example: not found is", errors.As(err, &unknown) && unknown.IsNotFound)
	}))
	p.Run(context.Background())
	// Unordered output:
	// db.example: <nil>
	// nowhere.example: not found is true
}

// A table is a resolver that knows an address a host.
type table map[string]string

func (t table) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if addr, ok := t[host]; ok {
		return []netip.Addr{netip.MustParseAddr(addr)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// Dialling an address that may have a name, without anything else to say.
func ExampleProactor_Dial() {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	l, err := p.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	var c platform.Conn
	p.Dial(&c, "tcp", "localhost:"+port, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println(err, c.RemoteAddr().String() == l.Addr().String())
	}))
	p.Run(context.Background())
	// Output: <nil> true
}
