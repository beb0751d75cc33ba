// Tracechain draws the lives of chains from an execution trace: when each operation had
// its block, and when its handler ran.
//
//	go run ./examples/tracechain
//
// records a trace of an echo server with a few clients, reads it back, and prints a table
// for each session. With -svg it also draws the sessions, to scale. Given a file, it reads
// the trace in it instead, which may be of any program. runtime/trace or its flight recorder
// writes such files:
//
//	go run ./examples/tracechain -svg life.svg trace.out
//
// It shows regions whose names are that of a chain, a colon, and what the chain does.
// combinators.NewTrace(parent, "session 7") makes regions called "session 7: Allocate" and
// "session 7: Deallocate", and ops.WithTrace(h, "session 7: read") makes one for each call
// of the handler. In the server here each session has a slot for the memory of its
// operations, and what the slot requests from the heap is traced too: one block, which lasts
// as long as the session.
//
// The exit status is 1 if a handler ran before the block of its operation was released, or
// if there is nothing to show, and 2 for invalid flags.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// The exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program; what it returns is the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("tracechain", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintf(stderr, "Usage: tracechain [flags] [trace]\n\nPrint the lives of the chains in an execution trace, or in one of an echo server that\nis recorded now.\n\n")
		flags.PrintDefaults()
	}
	svg := flags.String("svg", "", "draw them, as an SVG image, into `file` too")
	save := flags.String("save", "", "keep the trace that is recorded in `file`, for go tool trace")
	clients := flags.Int("clients", 3, "clients of the server that is recorded, 1 to 100")
	messages := flags.Int("messages", 4, "messages that each sends, 1 to 1000")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return exitUsage
	case flags.NArg() > 1:
		return usage(flags, "unexpected argument %q", flags.Arg(1))
	case flags.NArg() == 1 && *save != "":
		return usage(flags, "-save keeps what is recorded, and a trace that there is already is not")
	case *clients < 1 || *clients > 100:
		return usage(flags, "-clients must be 1 to 100")
	case *messages < 1 || *messages > 1000:
		return usage(flags, "-messages must be 1 to 1000")
	}
	trace, title, err := obtain(flags.Arg(0), *save, *clients, *messages)
	if err == nil {
		err = show(trace, title, *svg, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "tracechain:", err)
		return exitFailed
	}
	return 0
}

func usage(flags *flag.FlagSet, format string, args ...any) int {
	fmt.Fprintf(flags.Output(), "tracechain: "+format+"\n", args...)
	flags.Usage()
	return exitUsage
}

// obtain returns the trace in a file, or one that is recorded now.
func obtain(file, save string, clients, messages int) (trace []byte, title string, err error) {
	if file != "" {
		trace, err = os.ReadFile(file)
		return trace, file, err
	}
	var recorded bytes.Buffer
	if err := record(&recorded, clients, messages); err != nil {
		return nil, "", err
	}
	if save != "" {
		err = os.WriteFile(save, recorded.Bytes(), 0o666)
	}
	return recorded.Bytes(), fmt.Sprintf("An echo server: %d clients, %d messages each", clients, messages), err
}

// show prints what is in a trace, and draws it if svg names a file. Its error is also that
// the contract was broken.
func show(trace []byte, title, svg string, stdout io.Writer) error {
	events, err := readTrace(bytes.NewReader(trace))
	if err != nil {
		return err
	}
	lives := livesOf(events)
	if len(lives.chains) == 0 {
		return errors.New("the trace has no region with a name such as \"session 7: Allocate\"")
	}
	if err := lives.writeText(stdout); err != nil {
		return err
	}
	if svg != "" {
		var image bytes.Buffer
		lives.writeSVG(&image, title)
		if err := os.WriteFile(svg, image.Bytes(), 0o666); err != nil {
			return err
		}
	}
	if problems := lives.problems(); len(problems) > 0 {
		return fmt.Errorf("%d handlers ran before the block of their operation was released, the first after %s, in %s",
			len(problems), precise(problems[0].call.from-lives.from), problems[0].chain)
	}
	return nil
}
