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

// write writes the results to a directory: the figures, the charts, and the tables. What was not
// measured stays there as it is.
func (rep *report) write(ctx context.Context, dir, sources string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	tables := filepath.Join(dir, "README.md")
	old, err := os.ReadFile(tables)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	p := readPage(string(old))
	for _, t := range rep.tables {
		if !t.empty() {
			if err := rep.writeFigures(ctx, t, filepath.Join(dir, t.scenario.name), sources); err != nil {
				return err
			}
		}
		var text strings.Builder
		rep.section(&text, t)
		p[t.scenario.name] = text.String()
	}
	var text bytes.Buffer
	p.write(&text, names(scenarios()))
	return os.WriteFile(tables, text.Bytes(), 0o666)
}

func names(all []scenario) (names []string) {
	for _, s := range all {
		names = append(names, s.name)
	}
	return names
}

// writeFigures writes the figures of a table and their chart to files with a name.
func (rep *report) writeFigures(ctx context.Context, t *table, name, sources string) error {
	var figures bytes.Buffer
	rep.benchmarks(&figures, t)
	if err := os.WriteFile(name+".txt", figures.Bytes(), 0o666); err != nil {
		return err
	}
	return draw(ctx, sources, t.scenario, figures.Bytes(), name+".svg")
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

// empty reports whether nothing was measured.
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
	fmt.Fprintln(w, "the tables are in", filepath.Join(dir, "README.md"))
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
