package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A client dials a host by name. The resolver is part of the example only so that it runs
// anywhere; a program leaves it out.
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

// Dialling an address that may be a name, without options.
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

// A resolver that asks another one, and caches its answers. A proactor calls it on several
// goroutines.
func ExampleResolver() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp4", "127.0.0.1:0")
	fatal(err)
	_, port, _ := net.SplitHostPort(l.Addr().String())

	hosts := &cache{from: table{"db.example": "127.0.0.1"}}
	d := &platform.Dialer{Resolver: hosts} // in place of the table, net.DefaultResolver
	var first, second platform.Conn
	d.Dial(p, &first, "tcp", "db.example:"+port, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		d.Dial(p, &second, "tcp", "db.example:"+port, ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
	}))
	fatal(p.Run(context.Background()))
	fmt.Println("asked:", hosts.asked)
	// Output: asked: 1
}

type cache struct {
	from  platform.Resolver
	mu    sync.Mutex
	known map[string][]netip.Addr
	asked int
}

func (c *cache) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := network + " " + host
	if addrs, ok := c.known[key]; ok {
		return addrs, nil
	}
	c.asked++
	addrs, err := c.from.LookupNetIP(ctx, network, host)
	if err != nil {
		return nil, err
	}
	if c.known == nil {
		c.known = make(map[string][]netip.Addr)
	}
	c.known[key] = addrs
	return addrs, nil
}
