// Chart draws what go test -bench printed as bars in an SVG image. Each
// benchmark is a row with the median of its runs, beside what it is compared
// with: a benchmark with peer=… in its name is a peer and has another colour.
//
//	go test -run '^$' -bench Slots -count 6 ./combinators | go run ./examples/chart -o slots.svg
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

	rep, err := readReport(in)
	if err != nil {
		return err
	}
	groups := rep.groups(wanted)
	if len(groups) == 0 {
		return fmt.Errorf("none of %d benchmarks matches %s", len(rep.benchmarks), wanted)
	}
	var image bytes.Buffer
	writeSVG(&image, *title, rep.machine(), groups)
	if *file != "" {
		return os.WriteFile(*file, image.Bytes(), 0o666)
	}
	_, err = out.Write(image.Bytes())
	return err
}
