package main

import (
	"strconv"

	"golang.org/x/exp/stats"
)

// row is a bar: the runs of one benchmark, summed up. Times are in nanoseconds.
type row struct {
	name         string
	peer         bool
	runs         int
	median       float64
	lower, upper float64 // quartiles
}

func newRow(name string, peer bool, ns []float64) row {
	q := stats.Quantiles(ns, 0.25, 0.5, 0.75)
	return row{name: name, peer: peer, runs: len(ns), lower: q[0], median: q[1], upper: q[2]}
}

// A unit is one of time.
type unit struct {
	name string
	ns   float64
}

// unitFor returns the unit for an axis that ends at a time. All that is drawn has the same.
func unitFor(end float64) unit {
	u := unit{"ns", 1}
	for _, larger := range []string{"µs", "ms", "s"} {
		if end < 10_000*u.ns {
			break
		}
		u = unit{larger, 1000 * u.ns}
	}
	return u
}

// label returns a time with three digits or so, and its unit.
func (u unit) label(ns float64) string {
	n := ns / u.ns
	decimals := 0
	switch {
	case n < 10 && u.ns > 1 || n < 1:
		decimals = 2
	case n < 100:
		decimals = 1
	}
	return strconv.FormatFloat(n, 'f', decimals, 64) + " " + u.name
}

// tick is label for a round number, and so without zeros at its end.
func (u unit) tick(ns float64) string { return strconv.FormatFloat(ns/u.ns, 'g', 6, 64) + " " + u.name }
