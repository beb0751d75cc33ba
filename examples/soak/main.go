// Soak tests the library under load for a long time. For as long as it is told to,
// it opens, uses, half-closes, resets, cancels, times out and drops thousands of
// TCP connections over loopback, at random.
//
// Both ends of a connection run on one proactor. Everything that is echoed is
// compared, each operation is checked against the allocation contract, and at the
// end every block must have been released and every descriptor closed. For each
// backend it prints a row that says what was done and what was found. A leak or a
// violation makes the program exit with status 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

const usage = `Usage: soak [flags]

Open, use, half-close, reset, cancel, time out and drop TCP connections over
loopback, at random, and see whether anything breaks. Print a row for each
backend: what was done, what leaked, and how often the allocation contract, or
the order of what was echoed, was violated.

  -duration D    time for each backend, 100ms to 240h (default 20s)
  -conns N       connections at once, 1 to 20000 (default 20000); fewer if the
                 process may not have two descriptors for each, or the system
                 lacks ports
  -backend NAME  kernel interface (default: all, one after the other)
  -runners N     goroutines that run the proactor, 1 to 64 (default: one for
                 each processor, but two at least); one runs without locks
  -seed N        where the random numbers start, to get the same ones again;
                 their order in time is the scheduler's (default: any)
  -json          print a JSON object for each row

It tells on the standard error how it goes on. An interrupt ends it, and prints
what was found until then.

The exit status is 1 if there was a leak or a violation or the run failed, and
2 for bad flags.
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
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "soak: %v\nRun it with -h for help.\n", err)
		return exitUsage
	}
	if err := soakAll(ctx, f, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "soak: %v\n", err)
		return exitFailed
	}
	return 0
}

// flags is what was asked for on the command line.
type flags struct {
	config
	json bool
}

const maxConns = 20_000

func parse(args []string) (flags, error) {
	f := flags{config: config{
		conns:    maxConns,
		runners:  max(2, runtime.GOMAXPROCS(0)),
		duration: 20 * time.Second,
		seed:     uint64(rand.Uint32()),
	}}
	set := flag.NewFlagSet("soak", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.BoolVar(&f.json, "json", false, "")
	number(set, "conns", &f.conns, 1, maxConns)
	number(set, "runners", &f.runners, 1, 64)
	set.Func("backend", "", func(s string) error {
		if all := platform.Backends(); !slices.Contains(all, s) {
			return fmt.Errorf("want one of %s", strings.Join(all, ", "))
		}
		f.backend = s
		return nil
	})
	set.Func("seed", "", func(s string) (err error) {
		if f.seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			return errors.New("want a number from 0 to 2^64-1")
		}
		return nil
	})
	set.Func("duration", "", func(s string) error {
		d, err := time.ParseDuration(s)
		if err != nil || d < 100*time.Millisecond || d > 240*time.Hour {
			return errors.New("want a time from 100ms to 240h, such as 10m")
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
	return f, nil
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

// soakAll runs all backends that are asked for and prints their rows.
func soakAll(ctx context.Context, f flags, stdout, stderr io.Writer) error {
	most, why := affordable()
	if f.conns > most {
		fmt.Fprintf(stderr, "soak: %d connections at once instead of %d: %s\n", most, f.conns, why)
		f.conns = most
	}
	backends := platform.Backends()
	if f.backend != "" {
		backends = []string{f.backend}
	}
	if !f.json {
		fmt.Fprintf(stdout, "%d connections at once, %v for each backend, runners: %d, seed: %d; %s/%s, %d processors\n\n%s\n",
			f.conns, f.duration, f.runners, f.seed, runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), header())
	}
	found := false
	for _, backend := range backends {
		if ctx.Err() != nil {
			fmt.Fprintf(stderr, "soak: interrupted before %s\n", backend)
			break
		}
		c, all := f.config, new(tally)
		c.backend = backend
		bar := newProgress(stderr, c, all)
		r, err := soak(ctx, c, all)
		bar.close()
		if err != nil {
			return err
		}
		if f.json {
			err = json.NewEncoder(stdout).Encode(r)
		} else {
			_, err = fmt.Fprintln(stdout, r)
		}
		if err != nil {
			return err
		}
		all.print(stderr, backend)
		found = found || r.bad()
	}
	if found {
		return errors.New("there were leaks or violations")
	}
	return nil
}

// affordable returns how many connections there can be at once, and why not
// more.
func affordable() (conns int, why string) {
	const spare = 256 // for everything else
	limit := raiseLimit()
	// Two descriptors each, and some more sessions than clients.
	if n := (limit - spare) * 64 / 129; n < mostConns {
		return max(n, 1), fmt.Sprintf("the process may have %d descriptors", limit)
	}
	return mostConns, "more would run out of ports"
}
