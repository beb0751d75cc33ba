package netconn_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// start returns a proactor that is being run, until stop is called.
func start(options ...platform.Option) (p *platform.Proactor, stop func()) {
	p, err := platform.New(options...)
	if err != nil {
		log.Fatal(err)
	}
	hold := p.Hold()
	go p.Run(context.Background())
	return p, func() {
		hold.Release()
		p.Close()
	}
}

// A server and a client of net/http, unchanged, on a proactor.
func Example() {
	p, stop := start()
	defer stop()

	l, err := netconn.Listen(p, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s", r.URL.Query().Get("name"))
	})}
	go server.Serve(l)
	defer server.Close()

	dialer := netconn.Dialer{Proactor: p}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	r, err := client.Get("http://" + l.Addr().String() + "/?name=gopher")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	fmt.Println(r.Status, string(text))
	// Output: 200 OK hello, gopher
}

// The same on a simulated network. See package platform/sim for virtual time, and bad
// weather.
func Example_simulated() {
	p, stop := start(platform.WithCustomBackend(sim.New(sim.Calm).Backend))
	defer stop()

	l, err := netconn.Listen(p, "tcp", "192.0.2.1:80")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(l)
	defer server.Close()

	dialer := netconn.Dialer{Proactor: p}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	r, err := client.Get("http://192.0.2.1/nothing")
	if err != nil {
		log.Fatal(err)
	}
	r.Body.Close()
	fmt.Println(r.Status)
	// Output: 404 Not Found
}

func ExampleDialer() {
	p, stop := start()
	defer stop()
	l, err := netconn.Listen(p, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			io.WriteString(c, "hello")
			c.Close()
		}
	}()

	d := netconn.Dialer{Proactor: p}
	c, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s, %v\n", text, err)
	// Output: hello, <nil>
}

// A connection that begins in net/http goes on with handlers: once hijacked, it needs no
// goroutine while it waits.
func ExampleConn_Platform() {
	p, stop := start()
	defer stop()
	l, err := netconn.Listen(p, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil || rw.Reader.Buffered() > 0 { // what the client has sent ahead
			log.Fatal(err)
		}
		conn := c.(*netconn.Conn).Platform()
		ops.WriteFull(conn, []byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"), ops.HandlerFunc(func(_ int, err error) {
			buf := make([]byte, 5)
			ops.ReadFull(conn, buf, ops.HandlerFunc(func(n int, err error) {
				ops.WriteFull(conn, buf[:n], ops.HandlerFunc(func(int, error) { conn.Close() }))
			}))
		}))
	})}
	go server.Serve(l)
	defer server.Close()

	dialer := netconn.Dialer{Proactor: p}
	c, err := dialer.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	in := bufio.NewReader(c)
	line, _ := in.ReadString('\n')
	fmt.Println(strings.TrimSpace(line))
	in.ReadString('\n')

	io.WriteString(c, "hello")
	text, err := io.ReadAll(in)
	fmt.Printf("%s, %v\n", text, err)
	// Output:
	// HTTP/1.1 101 Switching Protocols
	// hello, <nil>
}

// Options have the names that they have in package net.
func ExampleConn_SetNoDelay() {
	p, stop := start()
	defer stop()
	l, err := netconn.Listen(p, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	d := netconn.Dialer{Proactor: p}
	c, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if o, ok := c.(interface{ SetNoDelay(bool) error }); ok {
		fmt.Println(o.SetNoDelay(false))
	}
	// Output: <nil>
}

func ExampleListenPacket() {
	p, stop := start()
	defer stop()
	c, err := netconn.ListenPacket(p, "udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	c.WriteTo([]byte("to myself"), c.LocalAddr())
	buf := make([]byte, 16)
	n, from, err := c.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from.String() == c.LocalAddr().String(), err)
	// Output: to myself true <nil>
}

// A listener with options, opened before the proactor runs.
func ExampleNewListener() {
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	l, err := platform.ListenConfig{SocketOptions: platform.SocketOptions{ReadBuffer: 64 << 10}}.Listen(p, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	served := make(chan error)
	go func() { served <- server.Serve(netconn.NewListener(l)) }()

	go func() {
		dialer := netconn.Dialer{Proactor: p}
		client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
		r, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		r.Body.Close()
		fmt.Println(r.Status)
		server.Close()
		fmt.Println(<-served)
		p.Stop()
	}()
	defer p.Hold().Release()
	p.Run(context.Background())
	// Output:
	// 404 Not Found
	// http: Server closed
}

// A protocol that begins with handlers goes on with code that needs a net.Conn: a connection
// is accepted as a platform.Conn, and is then a net.Conn too.
func ExampleNewConn() {
	p, stop := start()
	defer stop()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	var accepted platform.Conn
	l.Accept(&accepted, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			log.Fatal(err)
		}
		c := netconn.NewConn(&accepted)
		go func() { // its methods block, so no handler calls them
			defer c.Close()
			io.WriteString(c, "hello")
		}()
	}))

	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	text, err := io.ReadAll(c)
	fmt.Printf("%s, %v\n", text, err)
	// Output: hello, <nil>
}

// A connected packet socket is also a net.Conn, for a client that needs one.
func ExampleNewPacketConn() {
	p, stop := start()
	defer stop()
	server, err := netconn.ListenPacket(p, "udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	socket, err := p.ConnectPacket("udp", server.LocalAddr().String())
	if err != nil {
		log.Fatal(err)
	}
	var c net.Conn = netconn.NewPacketConn(socket)
	defer c.Close()

	io.WriteString(c, "who is there?")
	buf := make([]byte, 100)
	n, from, err := server.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from.String() == c.LocalAddr().String(), err)
	// Output: who is there? true <nil>
}
