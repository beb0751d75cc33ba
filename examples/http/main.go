// Http serves HTTP/1.1 with one block of memory per client and no allocation per request:
//
//	go run ./examples/http -listen 127.0.0.1:8080
//	curl http://127.0.0.1:8080/
//
// It answers at four paths: / is a greeting, /json an object, /echo sends back what is
// posted to it, and /stats has figures of the server, as of the last full second. Each
// processor has a loop of its own (see -loops), and the kernel distributes the connections
// among them. With -cert and -key it speaks TLS. With -inspect it serves a page, with
// net/http at a separate address, that shows what the loops and the memory for buffers do.
//
// On an interrupt it stops accepting, closes idle connections, and gives requests that are
// under way as long as -drain says.
//
// The server itself is package server, which is meant to be copied, over the parser in
// package http1. The directory httparena has an entry for a public benchmark.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/examples/http/server"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

type options struct {
	listen, backend, cert, key, inspect string
	loops                               int
	drain                               time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:8080", "the `address` to listen on")
	flag.StringVar(&o.backend, "backend", "", "the kernel interface, one of "+fmt.Sprint(platform.Backends())+"; that which is best for a server if empty")
	flag.IntVar(&o.loops, "loops", 0, "how many loops; one for each processor if 0")
	flag.StringVar(&o.cert, "cert", "", "a `file` with the certificate, for TLS")
	flag.StringVar(&o.key, "key", "", "a `file` with the key of the certificate")
	flag.DurationVar(&o.drain, "drain", 10*time.Second, "how long requests that are under way may take after an interrupt")
	flag.StringVar(&o.inspect, "inspect", "", "the `address` to serve a page about the server at, which is for its operator only")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Usage: http [flags]\n\nServe HTTP/1.1 at the paths /, /json, /echo and /stats.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	switch {
	case flag.NArg() != 0:
		usage("unexpected argument %q", flag.Arg(0))
	case (o.cert == "") != (o.key == ""):
		usage("-cert and -key go together")
	case o.loops < 0:
		usage("-loops must not be negative")
	case o.drain < 0:
		usage("-drain must not be negative")
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted.Done()
		stop() // the next signal ends the program at once
	}()
	if err := run(interrupted, o, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func usage(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "http: "+format+"\n", args...)
	flag.Usage()
	os.Exit(2)
}

// run serves until ctx is done.
func run(ctx context.Context, o options, stdout io.Writer) error {
	s := &server.Server{Report: func(err error) { log.Print(err) }}
	s.Handler = site{s}.serve
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return err
		}
		s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}
	}
	g, listeners, err := listen(o)
	if err != nil {
		return err
	}
	defer g.Close()
	if o.inspect != "" {
		pages, err := net.Listen("tcp", o.inspect)
		if err != nil {
			return err
		}
		defer pages.Close()
		show(pages, s, g)
		fmt.Fprintf(stdout, "http://%s/debug/heirloom/ is a page about it\n", pages.Addr())
	}
	fmt.Fprintf(stdout, "listening on %s (%s)\n", listeners[0].Addr(), listeners[0].Proactor().Backend())
	for _, l := range listeners {
		s.Serve(l, ops.HandlerFunc(func(_ int, err error) {
			if err != nil && ctx.Err() == nil { // else run says it
				log.Print(err)
			}
		}))
	}

	asked, ended := context.WithCancel(ctx)
	defer ended()
	drained := make(chan error, 1)
	go func() {
		<-asked.Done()
		limit, cancel := context.WithTimeout(context.Background(), o.drain)
		defer cancel()
		drained <- s.Shutdown(limit)
	}()
	if err := g.Run(context.Background()); err != nil {
		return err
	}
	ended() // if it was not a signal: the listeners have failed
	if err := <-drained; err != nil {
		return fmt.Errorf("requests were cut off: %w", err)
	}
	return nil
}

// listen opens a listener for each loop, where the system deals connections out to
// several, and otherwise one.
func listen(o options) (*platform.Group, []*platform.Listener, error) {
	g, listeners, err := listenOn(o, o.loops)
	if errors.Is(err, errors.ErrUnsupported) && o.loops == 0 {
		return listenOn(o, 1)
	}
	return g, listeners, err
}

func listenOn(o options, loops int) (*platform.Group, []*platform.Listener, error) {
	var options []platform.Option
	if o.backend != "" {
		options = append(options, platform.WithBackend(o.backend))
	}
	g, err := platform.NewGroup(loops, options...)
	if err != nil {
		return nil, nil, err
	}
	// Several listeners would share the port with those of another process, too. One does not.
	l, err := g.Proactors()[0].Listen("tcp", o.listen)
	listeners := []*platform.Listener{l}
	if err == nil && len(g.Proactors()) > 1 {
		l.Close()
		listeners, err = g.Listen("tcp", o.listen)
	}
	if err != nil {
		g.Close()
		return nil, nil, err
	}
	return g, listeners, nil
}
