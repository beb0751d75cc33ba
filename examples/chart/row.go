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

// label returns a time with three digits or so, and its unit.
func label(ns float64) string {
	unit := "ns"
	for _, larger := range []string{"µs", "ms", "s"} {
		if ns < 10_000 {
			break
		}
		ns, unit = ns/1000, larger
	}
	decimals := 0
	switch {
	case ns < 1:
		decimals = 2
	case ns < 100:
		decimals = 1
	}
	return strconv.FormatFloat(ns, 'f', decimals, 64) + " " + unit
}
