// Prometheus is an echo server that exports its statistics to Prometheus, at /metrics of
// the address -metrics. With -load it also makes connections to itself that keep it busy.
// It is a module of its own because it needs Prometheus's client library.
//
//	go run . -load 8
//	curl http://127.0.0.1:9100/metrics
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	log.SetFlags(0)
	echo := flag.String("echo", "127.0.0.1:7000", "the `address` of the echo server")
	metrics := flag.String("metrics", "127.0.0.1:9100", "the `address` of the figures")
	load := flag.Int("load", 0, "how many connections keep it busy")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Usage: prometheus [flags]\n\nServe an echo server's figures to Prometheus, at /metrics.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	err := run(ctx, *echo, *metrics, *load, func(echo, metrics net.Addr) {
		fmt.Printf("echo at %v, figures at http://%v/metrics\n", echo, metrics)
	})
	if err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done, and calls started once it does.
func run(ctx context.Context, echo, metrics string, load int, started func(echo, metrics net.Addr)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p, err := platform.New(platform.SingleRunner())
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := serve(p, echo)
	if err != nil {
		return err
	}
	figures, err := net.Listen("tcp", metrics)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{p.Stats})
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	server := http.Server{Handler: mux}

	var all sync.WaitGroup
	defer all.Wait()
	defer server.Close()
	all.Go(func() {
		if err := server.Serve(figures); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	for range load {
		all.Go(func() {
			if err := keepBusy(ctx, l.Addr().String()); err != nil {
				cancel(err)
			}
		})
	}
	started(l.Addr(), figures.Addr())
	err = p.Run(ctx)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// keepBusy sends messages and waits for each to come back, until ctx is done.
func keepBusy(ctx context.Context, address string) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	var message [64]byte
	for {
		if _, err = c.Write(message[:]); err == nil {
			_, err = c.Read(message[:])
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
	}
}
