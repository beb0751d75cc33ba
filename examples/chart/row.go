package main

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/exp/stats"
)

// row is a bar: the runs of one benchmark, summed up.
type row struct {
	name         string
	peer         bool
	runs         int
	median       float64
	lower, upper float64 // quartiles
}

func newRow(name string, peer bool, values []float64) row {
	q := stats.Quantiles(values, 0.25, 0.5, 0.75)
	return row{name: name, peer: peer, runs: len(values), lower: q[0], median: q[1], upper: q[2]}
}

// A unit is what stands behind a number, and how much of the benchmarks' unit it is.
type unit struct {
	name string
	size float64
}

// unitFor returns the unit of time for an axis that ends at a number of nanoseconds. All that
// is drawn has the same.
func unitFor(end float64) unit {
	u := unit{"ns", 1}
	for _, larger := range []string{"µs", "ms", "s"} {
		if end < 10_000*u.size {
			break
		}
		u = unit{larger, 1000 * u.size}
	}
	return u
}

// counted returns what is counted in a unit of the benchmark format: allocs of allocs/op. It is
// empty for times, such as ns/op and p99-ns.
func counted(benchmarkUnit string) string {
	parts := strings.FieldsFunc(benchmarkUnit, func(r rune) bool { return r == '/' || r == '-' })
	if slices.Contains(parts, "ns") {
		return ""
	}
	what, _, _ := strings.Cut(benchmarkUnit, "/")
	return what
}

// label returns a value with three digits or so, and its unit.
func (u unit) label(v float64) string {
	n := v / u.size
	decimals := 0
	switch {
	case n < 10 && u.size > 1 || n < 1:
		decimals = 2
	case n < 100:
		decimals = 1
	}
	return strconv.FormatFloat(n, 'f', decimals, 64) + " " + u.name
}

// tick is label for a round number, and so without zeros at its end.
func (u unit) tick(v float64) string { return strconv.FormatFloat(v/u.size, 'g', 6, 64) + " " + u.name }
