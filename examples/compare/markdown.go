package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/exp/stats"
)

// title begins each file of tables.
const title = "# Heirloom beside other event loops\n"

const intro = title + `
Written by ` + "`go run .`" + ` in ` + "`examples/compare`" + `. Each value is the median of the rounds. In each
round the programs run one after another, in random order. ± is half the interquartile range, in
percent of the median. Figures of one table are comparable with each other, and with nothing else.
The .txt files have every round, for benchstat. go.mod names the versions of the peers in Go; those
in C and C++ are built with what the system has, and haproxy and socat are the system's.
`

// A page is the text about each scenario, by its name.
type page map[string]string

var sectionMark = regexp.MustCompile(`(?m)^<!-- (\S+) -->\n`)

// readPage reads what write has written.
func readPage(text string) page {
	p := make(page)
	marks := sectionMark.FindAllStringSubmatchIndex(text, -1)
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		p[text[m[2]:m[3]]] = strings.TrimSpace(text[m[1]:end]) + "\n"
	}
	return p
}

// write writes the page, with the scenarios in an order.
func (p page) write(w io.Writer, order []string) {
	fmt.Fprint(w, intro)
	for _, name := range order {
		if text, ok := p[name]; ok {
			fmt.Fprintf(w, "\n<!-- %s -->\n%s", name, text)
		}
	}
}

// section writes the text about a scenario.
func (rep *report) section(w io.Writer, t *table) {
	t.markdown(w)
	fmt.Fprintf(w, "\n%s of %v on %s.\n", count(t.done(), "round"), rep.time, rep.when())
	_, warnings := summarise(rep.quiet)
	for _, warning := range warnings {
		fmt.Fprintf(w, "\n**The machine was not quiet:** %s.\n", warning)
	}
	list(w, "Left out:", rep.leftOutOf(t.scenario))
	list(w, "Failed:", t.failures())
}

// leftOutOf returns what of a scenario was not measured, a line each.
func (rep *report) leftOutOf(s scenario) (lines []string) {
	for _, l := range rep.leftOut {
		if l.kind == s.kind || l.scenario == s.name {
			lines = append(lines, fmt.Sprintf("%s: %v", l.name, l.why))
		}
	}
	return lines
}

// addSkipped adds a section for each scenario that could not be measured, unless there is one of
// another time.
func (rep *report) addSkipped(p page) {
	for _, s := range scenarios() {
		for _, l := range rep.leftOut {
			if _, ok := p[s.name]; !ok && l.name == s.name && l.scenario == s.name {
				p[s.name] = fmt.Sprintf("## %s\n\nNot measured: %v.\n", s.title, l.why)
			}
		}
	}
}

// when says of which day and which kernel the figures are.
func (rep *report) when() string {
	return rep.began.Format("2 January 2006") + ", Linux " + rep.machine.kernel
}

// machineSection is the name of the section that says what the figures were measured on.
const machineSection = "machine"

// addMachine adds the machine to a section of the page. One of another time stays there as long as
// a scenario has figures of it.
func (rep *report) addMachine(p page) {
	var sections strings.Builder
	for name, text := range p {
		if name != machineSection {
			sections.WriteString(text)
		}
	}
	text := "## The machine\n\n"
	for line := range strings.Lines(p[machineSection]) {
		when, _, _ := strings.Cut(strings.TrimPrefix(line, "- "), ": ")
		if strings.HasPrefix(line, "- ") && when != rep.when() && strings.Contains(sections.String(), "on "+when+".\n") {
			text += line
		}
	}
	m := rep.machine
	parts := append([]string{m.system, count(m.processors, "processor"), m.cpu, m.goVersion}, m.tools...)
	quiet, _ := summarise(rep.quiet)
	p[machineSection] = text + fmt.Sprintf("- %s: %s. %s\n", rep.when(), strings.Join(parts, ", "), quiet)
}

func list(w io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n\n", title)
	for _, line := range lines {
		fmt.Fprintf(w, "- %s\n", strings.Join(strings.Fields(line), " "))
	}
}

func count(n int, what string) string {
	text := thousands(strconv.Itoa(n)) + " " + what
	if n == 1 {
		return text
	}
	return text + "s"
}

// markdown writes a table: with the metrics as columns, or if there are several variants, one
// for each metric with the variants as columns.
func (t *table) markdown(w io.Writer) {
	s := t.scenario
	fmt.Fprintf(w, "## %s\n\n%s (`-run '^%s$'`)\n", s.title, strings.TrimSpace(s.note), s.name)
	if !t.empty() {
		fmt.Fprintf(w, "\n![%s](%s.svg)\n", s.title, s.name)
	}
	if len(s.variants) == 1 {
		var columns []column
		for i, m := range s.metrics {
			columns = append(columns, column{m.label, s.variants[0], i})
		}
		t.grid(w, columns)
		return
	}
	for i, m := range s.metrics {
		var columns []column
		for _, v := range s.variants {
			columns = append(columns, column{v.name, v, i})
		}
		fmt.Fprintf(w, "\n%s:\n", sentence(m.label))
		t.grid(w, columns)
	}
}

// sentence returns text with a capital letter.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// A column is a metric of a variant.
type column struct {
	label   string
	variant variant
	metric  int
}

func (t *table) grid(w io.Writer, columns []column) {
	fmt.Fprint(w, "\n| |")
	for _, c := range columns {
		fmt.Fprintf(w, " %s |", c.label)
	}
	fmt.Fprint(w, "\n|---|", strings.Repeat("--:|", len(columns)), "\n")
	for _, row := range t.of(t.scenario.variants[0]) {
		fmt.Fprintf(w, "| %s |", row.program.name)
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", t.cell(row.program.name, c.variant).value(c.metric, t.scenario.metrics[c.metric].size))
		}
		fmt.Fprintln(w)
	}
}

// cell returns what was measured of a program in a variant.
func (t *table) cell(program string, v variant) *cell {
	for _, c := range t.of(v) {
		if c.program.name == program {
			return c
		}
	}
	return &cell{}
}

// value returns the median of a metric and its spread, as text, in units of a size. There is no
// spread where all values are the same, or too small to be told from 0.
func (c *cell) value(metric int, size float64) string {
	if len(c.rounds) == 0 && len(c.errs) > 0 {
		return "failed"
	}
	var values []float64
	for _, round := range c.rounds {
		if v := round[metric]; !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return "–"
	}
	q := stats.Quantiles(values, 0.25, 0.5, 0.75)
	text := readable(q[1] / cmp.Or(size, 1))
	if spread := (q[2] - q[0]) / 2; spread > 0 && text != "0" && text != "0.00" {
		text += fmt.Sprintf(" ± %.0f %%", 100*spread/q[1])
	}
	return text
}

// readable returns a number with three digits or so, and commas between thousands.
func readable(v float64) string {
	switch {
	case v >= 100 || v == math.Trunc(v):
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// plain returns a number with three decimals at most, for a program to read.
func plain(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }
