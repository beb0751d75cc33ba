// Proxy passes connections on to another address, byte by byte:
//
//	go run ./examples/proxy -listen 127.0.0.1:8080 -to example.org:80
//
// Each client has one session, which an acceptor takes from its allocator. It contains
// everything that the proxy needs for the client: two connections, the pipe between them
// with the memory of its operations, and its buffers. So nothing is allocated for what is
// passed on. Short messages go through the buffers. With long ones, the pipe has the kernel
// move the bytes from one connection to the other, where it can (splice(2) of Linux).
//
// When one side stops sending, the other side is told so, and the other direction goes on.
// On an interrupt the proxy stops accepting, and gives the connections that are open as long
// as -drain says.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A session is a client that is passed on.
type session struct {
	proxy          *proxy
	client, server platform.Conn
	pipe           ops.Pipe
	buf            [64 << 10]byte
}

// A proxy passes on to one address.
type proxy struct {
	p        *platform.Proactor
	to       string
	dialer   platform.Dialer
	acceptor platform.Acceptor[session]
}

func (x *proxy) serve(s *session) {
	s.proxy = x
	x.dialer.Dial(x.p, &s.server, "tcp", x.to, (*onDialed)(s))
}

type onDialed session

func (h *onDialed) Complete(_ int, err error) {
	s := (*session)(h)
	if err != nil {
		log.Print(err)
		s.proxy.acceptor.Done(s)
		return
	}
	s.pipe.Start(&s.client, &s.server, s.buf[:], (*onPiped)(s))
}

type onPiped session

func (h *onPiped) Complete(int, error) {
	s := (*session)(h)
	s.server.Close()
	s.proxy.acceptor.Done(s)
}

// run passes on what l accepts until stopping is closed and, for at most drain, what is
// under way then.
func run(p *platform.Proactor, l *platform.Listener, to string, sessions allocator.Allocator[session], stopping <-chan struct{}, drain time.Duration) error {
	x := &proxy{p: p, to: to, dialer: platform.Dialer{Timeout: 10 * time.Second}}
	x.acceptor.Conn = func(s *session) *platform.Conn { return &s.client }
	x.acceptor.Serve = x.serve
	x.acceptor.OnError = func(err error) { log.Print(err) }
	x.acceptor.Start(l, ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), sessions))
	go func() {
		<-stopping
		limit, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		x.acceptor.Shutdown(limit)
	}()
	return p.Run(context.Background())
}

func usage(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "proxy: "+format+"\n", args...)
	flag.Usage()
	os.Exit(2)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "the address to listen on")
	to := flag.String("to", "", "the address to pass connections on to")
	drain := flag.Duration("drain", 5*time.Second, "how long what is under way may take to end after an interrupt")
	inspect := flag.String("inspect", "", "the address to serve a page about the proxy at, which is for its operator only")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Usage: proxy -to ADDRESS [flags]\n\nPass connections on to another address.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 0 {
		usage("unexpected argument %q", flag.Arg(0))
	}
	if *to == "" {
		usage("-to must say which address to pass connections on to, such as example.org:80")
	}
	if _, _, err := net.SplitHostPort(*to); err != nil {
		usage("-to: %v", err)
	}
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	sessions := newSessions()
	if *inspect != "" {
		pages, err := net.Listen("tcp", *inspect)
		if err != nil {
			log.Fatal(err)
		}
		log.Printf("http://%v/debug/heirloom/ is a page about it", pages.Addr())
		go func() { log.Print(show(pages, p, sessions)) }()
	}
	log.Printf("passing %v on to %s", l.Addr(), *to)
	asked, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-asked.Done()
		stop() // the next signal ends the program at once
	}()
	if err := run(p, l, *to, sessions, asked.Done(), *drain); err != nil {
		log.Fatal(err)
	}
}
