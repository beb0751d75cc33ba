// Compare measures Heirloom beside other event loops, on the machine that it runs on. It builds
// servers from the sources in servers, measures them in interleaved rounds with the load
// generator in package load, and writes tables, charts and the raw figures:
//
//	cd examples/compare
//	go run . -h               # lists the scenarios and the programs
//	go run . -run 'echo|open' # runs three of them; without -run, all
//
// The results are in the directory results: README.md has the tables, an .svg file of each
// scenario is its chart, and the .txt files have every round in the format of go test -bench,
// so that benchstat reads them:
//
//	benchstat results/echo-64.txt
//
// A full run takes about an hour. The results are written after each round, and also after an
// interrupt. A scenario that is measured again replaces its earlier results, even if there are
// fewer programs or rounds; -o names another directory for a trial.
//
// Beside echo servers there are HTTP servers, TCP proxies, the memory of connections that wait,
// and allocators. The connections of all scenarios are real, with one exception: those of the
// scenario simulated are on the network of package platform/sim, which is a simulation. The
// scenario million has as many real ones as there is memory for.
//
// A server that cannot be built, found or started here is left out, and the report says why and
// what to install. On Debian, everything is there after
//
//	apt-get install g++ liburing-dev libasio-dev haproxy socat
//
// -asio measures another Asio beside the system's: the include directory of Boost, or of a newer
// release, such as
//
//	git clone --depth 1 --branch asio-1-36-0 https://github.com/chriskohlhoff/asio
//	go run . -asio asio/include
//
// The main figure is the processor time that the server takes for a message. Throughput over
// loopback measures the kernel and the load generator as much as the server. Figures of one run
// are comparable with each other, and with nothing else.
//
// It needs Linux. It is a module of its own because it needs other people's packages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// The exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the next signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options is what was asked for on the command line.
type options struct {
	run, programs *regexp.Regexp
	rounds        int
	time          time.Duration // measured in a cell
	results       string        // the directory to write to
	build         string        // the directory of the programs
	asio          string        // the include directory of another Asio
	million       int           // how many connections there are where there are most; 0 is not set
}

// run is the program; what it returns is the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "compare: %v\nRun it with -h for help.\n", err)
		return exitUsage
	}
	if err := compare(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "compare: %v\n", err)
		return exitFailed
	}
	return 0
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	var match, programs string
	set := flag.NewFlagSet("compare", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&match, "run", "", "run only the scenarios that match this regular `expression`")
	set.StringVar(&programs, "programs", "", "measure only the programs that match this regular `expression`, ignoring case")
	set.IntVar(&o.rounds, "rounds", 5, "measure each server `n` times in each scenario, 1 to 1000")
	set.DurationVar(&o.time, "time", time.Second, "measure for this `time`, after a quarter of that to warm up; 10ms to 1h")
	set.StringVar(&o.results, "o", "results", "the `directory` to write the results to")
	set.StringVar(&o.build, "build", "", "the `directory` for the programs that are built; one in the user's cache directory if empty")
	set.StringVar(&o.asio, "asio", "", "the include `directory` of another Asio to measure, standalone or Boost's")
	set.IntVar(&o.million, "million", 0, "how many `connections` the scenarios million and simulated have; 0: as many as memory allows, up to a million")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			help(set, usage)
		}
		return o, err
	}
	if set.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", set.Arg(0))
	}
	if o.rounds < 1 || o.rounds > 1000 {
		return o, errors.New("-rounds wants a number from 1 to 1000")
	}
	if o.time < 10*time.Millisecond || o.time > time.Hour {
		return o, errors.New("-time wants a time from 10ms to 1h")
	}
	if o.million < 0 || o.million > 10*million {
		return o, fmt.Errorf("-million wants a number from 1 to %d", 10*million)
	}
	var err error
	if o.run, err = regexp.Compile(match); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	if o.programs, err = regexp.Compile("(?i)" + programs); err != nil {
		return o, fmt.Errorf("-programs: %w", err)
	}
	if o.asio == "" {
		return o, nil
	}
	if _, err = findAsio(o.asio); err != nil {
		return o, fmt.Errorf("-asio: %w", err)
	}
	if o.asio, err = filepath.Abs(o.asio); err != nil {
		return o, err
	}
	return o, nil
}

const notes = `
A full run takes about an hour. The results are written after each round, and after an interrupt
what there is. A scenario that is measured again replaces its earlier results, even if there are
fewer programs or rounds; -o names another directory for a trial.
`

// help lists the flags, the scenarios and the programs.
func help(set *flag.FlagSet, out io.Writer) {
	fmt.Fprintln(out, "Usage: go run . [flags], in the directory examples/compare")
	set.SetOutput(out)
	set.PrintDefaults()
	fmt.Fprint(out, notes)
	fmt.Fprintln(out, "\nScenarios:")
	for _, s := range scenarios() {
		fmt.Fprintf(out, "  %-18s %s\n", s.name, s.about)
	}
	fmt.Fprintln(out, "\nPrograms:")
	for _, kind := range kinds {
		var names []string
		for _, p := range programs("") {
			if p.kind == kind {
				names = append(names, p.name)
			}
		}
		fmt.Fprintf(out, "  %-18s %s\n", kind, strings.Join(names, ", "))
	}
}
