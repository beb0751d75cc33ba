// Chart draws the output of go test -bench as bars, or lines, in an SVG image. Each
// benchmark is a row with the median of its runs. A benchmark with peer=… in its name is
// something that the others are compared with, and has another colour.
//
//	go test -run '^$' -bench Slots -count 6 ./combinators | go run ./examples/chart -o slots.svg
//
// It reads anything in that format, such as the results of examples/compare, and draws the
// values with the unit that -unit names.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
)

func main() {
	err := run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "chart:", err)
	os.Exit(1)
}

func run(args []string, in io.Reader, out, usage io.Writer) error {
	flags := flag.NewFlagSet("chart", flag.ContinueOnError)
	flags.SetOutput(usage)
	title := flags.String("title", "Benchmarks", "what stands above the bars")
	match := flags.String("match", "", "draw only benchmarks that match this regular `expression`; names are without Benchmark and without the number of processors: Slots/interface")
	unit := flags.String("unit", "ns/op", "draw the values with this `unit`")
	own := flags.String("own", "", "what the rows that are no peers are `called` in the legend")
	order := flags.String("order", "value", "the `order` of groups: by \"value\", the smallest first, or as in the \"input\"")
	lines := flags.Bool("lines", false, "draw the groups from left to right, and a line from one to the next for what has the same name in them")
	file := flags.String("o", "", "write the image to this `file` and not to standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: results are read from standard input", flags.Arg(0))
	}
	wanted, err := regexp.Compile(*match)
	if err != nil {
		return fmt.Errorf("-match: %w", err)
	}

	if *order != "value" && *order != "input" {
		return fmt.Errorf("-order: %q is neither value nor input", *order)
	}

	rep, err := readReport(in, *unit)
	if err != nil {
		return err
	}
	groups := rep.groups(wanted)
	if len(groups) == 0 {
		return fmt.Errorf("none of %d benchmarks matches %s", len(rep.benchmarks), wanted)
	}
	if *order == "value" {
		smallestFirst(groups)
	}
	var image bytes.Buffer
	write := writeSVG
	if *lines {
		write = writeLines
	}
	write(&image, heading{*title, rep.machine(), *own, counted(*unit)}, groups)
	if *file != "" {
		return os.WriteFile(*file, image.Bytes(), 0o666)
	}
	_, err = out.Write(image.Bytes())
	return err
}
