package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A report is a comparison that was made, and where.
type report struct {
	machine machine
	began   time.Time
	rounds  int
	time    time.Duration
	quiet   []quiet // at the beginning of each round
	tables  []*table
	leftOut []leftOut
}

// write writes the results to a directory: the tables, and then the figures. What was not measured
// stays there as it is.
func (rep *report) write(dir string) error {
	measured := rep.measured()
	if len(measured) == 0 {
		return nil
	}
	p, err := readResults(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, t := range measured {
		var text strings.Builder
		rep.section(&text, t)
		p[t.scenario.name] = text.String()
	}
	rep.addSkipped(p)
	rep.addMachine(p)
	var text bytes.Buffer
	p.write(&text, append(names(scenarios()), machineSection))
	errs := []error{os.WriteFile(tablesIn(dir), text.Bytes(), 0o666)}
	for _, t := range measured {
		if !t.empty() {
			errs = append(errs, os.WriteFile(filepath.Join(dir, t.scenario.name+".txt"), rep.figures(t), 0o666))
		}
	}
	return errors.Join(errs...)
}

// tablesIn returns the file of a directory that has the tables.
func tablesIn(dir string) string { return filepath.Join(dir, "README.md") }

// readResults reads the tables of a directory, if there are any. It refuses a file of somebody
// else, which would be lost.
func readResults(dir string) (page, error) {
	file := tablesIn(dir)
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return make(page), nil
	case err != nil:
		return nil, err
	case !bytes.HasPrefix(text, []byte(title)):
		return nil, fmt.Errorf("%s has something else in it than results; -o names another directory", file)
	}
	return readPage(string(text)), nil
}

// draw draws the charts. It goes on after one that cannot be drawn.
func (rep *report) draw(ctx context.Context, dir, sources string) error {
	var errs []error
	for _, t := range rep.tables {
		if !t.empty() {
			errs = append(errs, draw(ctx, sources, t.scenario, rep.figures(t), filepath.Join(dir, t.scenario.name+".svg")))
		}
	}
	return errors.Join(errs...)
}

// measured returns the tables that something was measured of, be it that it failed.
func (rep *report) measured() (tables []*table) {
	for _, t := range rep.tables {
		if t.done() > 0 {
			tables = append(tables, t)
		}
	}
	return tables
}

func names(all []scenario) (names []string) {
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

// figures returns the figures of a table, as a program reads them.
func (rep *report) figures(t *table) []byte {
	var figures bytes.Buffer
	rep.benchmarks(&figures, t)
	return figures.Bytes()
}

// benchmarks writes every round of a table in the format of
// https://go.dev/design/14313-benchmark-format. A variant is a function and a package, so that
// a peer is a peer of that variant; see examples/chart.
func (rep *report) benchmarks(w io.Writer, t *table) {
	m := rep.machine
	fmt.Fprintf(w, "goos: %s\ngoarch: %s\ncpu: %s\n", before(m.system, "/"), after(m.system, "/"), m.cpu)
	fmt.Fprintf(w, "kernel: %s\ntoolchain: %s\ndate: %s\nscenario: %s\n", m.kernel, m.goVersion, rep.began.Format(time.DateOnly), t.scenario.name)
	for _, v := range t.scenario.variants {
		fmt.Fprintf(w, "pkg: %s/%s\n", t.scenario.name, blankless(v.name))
		for _, c := range t.of(v) {
			for _, values := range c.rounds {
				fmt.Fprintf(w, "Benchmark%s/%s 1", blankless(v.name), c.program.benchmarkName())
				for i, value := range values {
					if value == value { // not NaN
						fmt.Fprintf(w, " %s %s", plain(value), t.scenario.metrics[i].unit)
					}
				}
				fmt.Fprintln(w)
			}
		}
	}
}

// benchmarkName returns the name of a program in the benchmark format.
func (p program) benchmarkName() string {
	if p.ours {
		return blankless(p.name)
	}
	return "peer=" + blankless(p.name)
}

func blankless(s string) string { return strings.ReplaceAll(s, " ", "_") }

func before(s, separator string) string { b, _, _ := strings.Cut(s, separator); return b }
func after(s, separator string) string  { _, a, _ := strings.Cut(s, separator); return a }

// done returns in how many rounds something was measured.
func (t *table) done() (rounds int) {
	for _, c := range t.cells {
		rounds = max(rounds, c.done())
	}
	return rounds
}

// empty reports whether there are no figures.
func (t *table) empty() bool {
	for _, c := range t.cells {
		if len(c.rounds) > 0 {
			return false
		}
	}
	return true
}

// summary says where the results are, and what did not work.
func (rep *report) summary(w io.Writer, dir string) {
	_, warnings := summarise(rep.quiet)
	for _, warning := range warnings {
		fmt.Fprintln(w, "warning: the machine was not quiet:", warning)
	}
	for _, t := range rep.tables {
		for _, f := range t.failures() {
			fmt.Fprintf(w, "failed: %s, %s\n", t.scenario.name, f)
		}
	}
	if len(rep.measured()) > 0 {
		fmt.Fprintln(w, "the tables are in", tablesIn(dir))
	}
}

// failures returns the measurements that failed, a line each.
func (t *table) failures() (lines []string) {
	for _, c := range t.cells {
		if len(c.errs) > 0 {
			lines = append(lines, fmt.Sprintf("%s, %s, in %s: %v", c.variant.name, c.program.name, count(len(c.errs), "round"), c.errs[0]))
		}
	}
	return lines
}

// failure returns an error if a measurement of our own failed. One of a peer is reported, and
// no more.
func (rep *report) failure() error {
	for _, t := range rep.tables {
		for _, c := range t.cells {
			if len(c.errs) > 0 && c.program.ours {
				return errors.New("a measurement of Heirloom has failed")
			}
		}
	}
	return nil
}
