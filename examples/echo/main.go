// Echo counts what an echo server allocates for a message.
//
// Without arguments it runs an echo server and its clients in one process,
// over loopback TCP, and prints a row for each of four servers: one on package
// net with a goroutine per connection, and three on this library: with a block
// from the heap for each operation, with the default allocator, and with a
// single slot per session. Each operation of these three is checked against the allocation
// contract, and a violation makes the program exit with status 1.
//
// With -listen it only serves real clients, until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

const usage = `Usage: echo [flags]

Without -listen, run an echo server and its clients over loopback TCP and print
what a message allocates, a row for each of four servers:

  net          package net, with a goroutine a connection
  heap         heirloom, with a block of the heap for each operation
  default      heirloom, with its default allocator
  single-slot  heirloom, with one block a session for all its operations

  -conns N       connections, 1 to 10000 (default 64)
  -size N        bytes of a message, 1 to 1048576 (default 64)
  -duration D    measured time of a row, 1ms to 1h (default 2s)
  -backend NAME  kernel interface of the servers (default: the best that works)
  -json          print a JSON object for each row, also with the messages a second

With -listen, serve real clients until interrupted, then print a summary:

  -listen ADDR   address, such as 127.0.0.1:7777, or :0 for any free port
  -backend NAME  kernel interface
  -buffer N      bytes of a connection's buffer, 1 to 1048576 (default 4096)
  -spin D        look for the next message for up to D before sleeping, 0s to sleep at
                 once (default: for 20µs, while that pays)
  -check         check each operation against the allocation contract

The exit status is 1 if the contract was violated or the run failed, and 2 for
bad flags.
`

// The exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program; what it returns is the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "echo: %v\nRun it with -h for help.\n", err)
		return exitUsage
	case f.listen != "":
		err = serve(ctx, f, stdout)
	default:
		err = compare(ctx, f, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "echo: %v\n", err)
		return exitFailed
	}
	return 0
}

// flags is what was asked for on the command line.
type flags struct {
	listen, backend string
	check, json     bool
	conns, size     int
	buffer          int
	duration        time.Duration
	waiting         []platform.Option // what -spin says
}

// maxMemory bounds the buffers of all clients together.
const maxMemory = 256 << 20

func parse(args []string) (flags, error) {
	f := flags{conns: 64, size: 64, buffer: 4096, duration: 2 * time.Second}
	set := flag.NewFlagSet("echo", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&f.listen, "listen", "", "")
	set.StringVar(&f.backend, "backend", "", "")
	set.BoolVar(&f.check, "check", false, "")
	set.BoolVar(&f.json, "json", false, "")
	number(set, "conns", &f.conns, 1, 10_000)
	number(set, "size", &f.size, 1, 1<<20)
	number(set, "buffer", &f.buffer, 1, 1<<20)
	set.Func("spin", "", func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 || d > time.Second {
			return errors.New("want a time from 0s to 1s")
		}
		f.waiting = []platform.Option{platform.Spin(d)}
		return nil
	})
	set.Func("duration", "", func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < time.Millisecond || d > time.Hour {
			return errors.New("want a time from 1ms to 1h")
		}
		f.duration = d
		return nil
	})
	if err := set.Parse(args); err != nil {
		return f, err
	}
	if set.NArg() > 0 {
		return f, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	var err error
	set.Visit(func(given *flag.Flag) {
		switch given.Name {
		case "listen":
			if f.listen == "" {
				err = errors.New("-listen wants an address, such as 127.0.0.1:7777")
			}
		case "conns", "size", "duration", "json":
			if f.listen != "" {
				err = fmt.Errorf("-%s has no meaning with -listen: the clients decide", given.Name)
			}
		case "buffer":
			if f.listen == "" {
				err = errors.New("-buffer is for -listen: without it, -size decides")
			}
		case "spin":
			if f.listen == "" {
				err = errors.New("-spin is for -listen: without it, the clients share the processors")
			}
		case "check":
			if f.listen == "" {
				err = errors.New("-check is for -listen: without it, everything is checked")
			}
		}
	})
	if err == nil && f.conns*f.size > maxMemory {
		err = fmt.Errorf("-conns %d times -size %d is more than %d MiB", f.conns, f.size, maxMemory>>20)
	}
	return f, err
}

// number defines a flag for an integer from low to high.
func number(set *flag.FlagSet, name string, n *int, low, high int) {
	set.Func(name, "", func(s string) error {
		v, err := strconv.Atoi(s)
		if err != nil || v < low || v > high {
			return fmt.Errorf("want a number from %d to %d", low, high)
		}
		*n = v
		return nil
	})
}
