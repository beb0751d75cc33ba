package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rows returns what is drawn of a text, a line a row.
func rows(t *testing.T, in string) (lines []string) {
	t.Helper()
	rep, err := readReport(strings.NewReader(in), "ns/op")
	if err != nil {
		t.Fatal(err)
	}
	groups := rep.groups(regexp.MustCompile(""))
	smallestFirst(groups)
	for _, g := range groups {
		for _, r := range g.rows {
			line := fmt.Sprintf("%s|%s|%g of %d", g.name, r.name, r.median, r.runs)
			if r.peer {
				line += "|peer"
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"median of an odd number", "BenchmarkA-2 1 9 ns/op\nBenchmarkA-2 1 1 ns/op\nBenchmarkA-2 1 2 ns/op\n", []string{
			"A||2 of 3",
		}},
		{"median of an even number", "BenchmarkA-2 1 9 ns/op\nBenchmarkA-2 1 1 ns/op\nBenchmarkA-2 1 2 ns/op\nBenchmarkA-2 1 3 ns/op\n", []string{
			"A||2.5 of 4",
		}},
		{"one run is its median", "BenchmarkA-2 1 9 ns/op\n", []string{
			"A||9 of 1",
		}},
		{"lines end as on Windows", "BenchmarkA-2 1 9 ns/op\r\n", []string{
			"A||9 of 1",
		}},
		{"quickest first, peers do not count for their group",
			"BenchmarkA/x-2 1 9 ns/op\nBenchmarkA/peer=p-2 1 1 ns/op\nBenchmarkB/y-2 1 8 ns/op\nBenchmarkB/x-2 1 5 ns/op\n", []string{
				"B|x|5 of 1", "B|y|8 of 1",
				"A|p|1 of 1|peer", "A|x|9 of 1",
			}},
		{"peers of several groups are one row",
			"BenchmarkA/x-2 1 9 ns/op\nBenchmarkA/peer=p-2 1 1 ns/op\nBenchmarkB/x-2 1 7 ns/op\nBenchmarkB/peer=p-2 1 3 ns/op\n", []string{
				"B|x|7 of 1",
				"A|x|9 of 1",
				"peers|p|2 of 2|peer",
			}},
		{"packages are not mixed",
			"pkg: one\nBenchmarkA/x 1 9 ns/op\nBenchmarkA/peer=p 1 1 ns/op\npkg: two\nBenchmarkA/x 1 7 ns/op\nBenchmarkA/peer=p 1 3 ns/op\n", []string{
				"A|p|3 of 1|peer", "A|x|7 of 1",
				"A|p|1 of 1|peer", "A|x|9 of 1",
			}},
		{"spaces", "Benchmark64_connections/C_io_uring 1 9 ns/op\nBenchmark64_connections/a_b 1 9 ns/op\n", []string{
			"64 connections|C io_uring|9 of 1", "64 connections|a b|9 of 1",
		}},
		{"numbers of processors that differ stay", "BenchmarkA 1 9 ns/op\nBenchmarkA-2 1 5 ns/op\n", []string{
			"A-2||5 of 1",
			"A||9 of 1",
		}},
		{"a number that is part of the name stays", "BenchmarkA/n-1500-2 1 9 ns/op\nBenchmarkA/n-64-2 1 5 ns/op\n", []string{
			"A|n-64|5 of 1", "A|n-1500|9 of 1",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rows(t, c.in)); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLabel(t *testing.T) {
	for _, c := range []struct {
		end, ns float64
		want    string
	}{
		{1, 0, "0.00 ns"}, {1, 0.419, "0.42 ns"}, {5, 3.14, "3.1 ns"}, {200, 117.1, "117 ns"}, {9999, 9999, "9999 ns"},
		{10_000, 2253, "2.25 µs"}, {20_000, 12_345, "12.3 µs"}, {2e7, 12_345_678, "12.3 ms"}, {5e9, 5e9, "5000 ms"},
		{12e9, 12e9, "12.0 s"}, {12e9, 1e6, "0.00 s"},
	} {
		if got := unitFor(c.end).label(c.ns); got != c.want {
			t.Errorf("%g ns on an axis to %g ns: %s, want %s", c.ns, c.end, got, c.want)
		}
	}
}

// Where there is one group, what it is compared with does not look like a part of it.
func TestSingleGroup(t *testing.T) {
	rows := []row{{name: "epoll", median: 1, runs: 1}, {name: "package net", peer: true, median: 2, runs: 1}}
	var out bytes.Buffer
	writeSVG(&out, heading{title: "title"}, []group{{"Ours", rows}})
	for text, want := range map[string]bool{">Ours epoll<": true, ">package net<": true, ">Ours<": true, `class="bold"`: false, "Ours package net": false} {
		if strings.Contains(out.String(), text) != want {
			t.Errorf("%s is in the image: %v, want %v\n%s", text, !want, want, &out)
		}
	}
}

// What the rows are called stands in the legend, and their group not before their names.
func TestOwn(t *testing.T) {
	rows := []row{{name: "Ours epoll", median: 1, runs: 1}, {name: "package net", peer: true, median: 2, runs: 1}}
	var out bytes.Buffer
	writeSVG(&out, heading{title: "title", own: "Ours"}, []group{{"64 connections", rows}})
	for text, want := range map[string]bool{">Ours epoll<": true, ">Ours<": true, "64 connections": false} {
		if strings.Contains(out.String(), text) != want {
			t.Errorf("%s is in the image: %v, want %v\n%s", text, !want, want, &out)
		}
	}
}

func TestCounted(t *testing.T) {
	for unit, want := range map[string]string{"ns/op": "", "ns/msg": "", "p99.9-ns": "", "allocs/msg": "allocs", "B/conn": "B", "gc-cycles": "gc-cycles"} {
		if got := counted(unit); got != want {
			t.Errorf("%s counts %q, want %q", unit, got, want)
		}
	}
}

// Of one bar that is far longer than the others the axis shows a part.
func TestBrokenBar(t *testing.T) {
	for _, c := range []struct {
		medians []float64
		want    float64 // where the axis ends
	}{
		{[]float64{10, 100}, 100},
		{[]float64{10, 101}, 10},
		{[]float64{101, 10, 4}, 10},
		{[]float64{10, 90, 90}, 100},
		{[]float64{0, 90}, 100},
	} {
		var g group
		for _, m := range c.medians {
			g.rows = append(g.rows, newRow("", false, []float64{m}))
		}
		p := picture{groups: []group{g}}
		if p.measure(); p.end != c.want {
			t.Errorf("%g: the axis ends at %g, want %g", c.medians, p.end, c.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for longest, want := range map[float64]string{
		0: "0 ns, 1 ns", 4.2: "0 ns, 1 ns, 2 ns, 3 ns, 4 ns, 5 ns", 196: "0 ns, 50 ns, 100 ns, 150 ns, 200 ns",
		6e6: "0 µs, 1000 µs, 2000 µs, 3000 µs, 4000 µs, 5000 µs, 6000 µs",
	} {
		p := picture{groups: []group{{rows: []row{newRow("", false, []float64{longest})}}}}
		p.measure()
		var got []string
		for i := range int(p.end/p.step+0.5) + 1 {
			got = append(got, p.unit.tick(float64(i)*p.step))
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("longest %g ns: %s, want %s", longest, got, want)
		}
	}
}

// What is the same in the names of all groups stands below the axis.
func TestShortened(t *testing.T) {
	for _, c := range []struct{ names, labels, rest string }{
		{"1 connection, 10 connections", "1, 10", "connections"},
		{"64 B, 1 KiB", "64 B, 1 KiB", ""},
		{"A, B", "A, B", ""},
		{"64 connections", "64", "connections"},
	} {
		var groups []group
		for name := range strings.SplitSeq(c.names, ", ") {
			groups = append(groups, group{name: name})
		}
		labels, rest := shortened(groups)
		if got := strings.Join(labels, ", "); got != c.labels || rest != c.rest {
			t.Errorf("%s: %s and %q, want %s and %q", c.names, got, rest, c.labels, c.rest)
		}
	}
}

func TestLinesTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{3, 7, "0 ns, 2 ns, 4 ns, 6 ns, 8 ns"},
		{3, 70, "2 ns, 5 ns, 10 ns, 20 ns, 50 ns, 100 ns"},
		{0, 70, "0 ns, 20 ns, 40 ns, 60 ns, 80 ns"},
		{5000, 930_000, "5 µs, 10 µs, 20 µs, 50 µs, 100 µs, 200 µs, 500 µs, 1000 µs"},
	} {
		groups := []group{{"A", []row{newRow("x", false, []float64{c.low})}}, {"B", []row{newRow("x", false, []float64{c.high})}}}
		p := plot{picture: picture{groups: groups}, series: seriesOf(groups)}
		p.measure()
		var got []string
		for _, v := range p.ticks() {
			got = append(got, p.unit.tick(v))
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}
