package main

import (
	"context"
	"slices"
)

// A scenario is a question and how it is answered: every program of a kind is measured in each
// of its variants.
type scenario struct {
	name    string // of its files, and for -run
	title   string // of its table and its chart
	about   string // one line for -h
	note    string // how to read the table; Markdown
	kind    kind
	metrics []metric // what measure returns; the first is the one that is drawn

	// variants are what is measured apart from each other, such as numbers of connections. A
	// scenario that has one variant needs no name for it.
	variants []variant

	// processors is how many it needs.
	processors int

	// rounds is how often it is measured at most; 0 means as often as the others.
	rounds int

	// measure measures a program once. It returns a value for each metric, NaN if the program
	// has none.
	measure func(ctx context.Context, r *runner, p built, v variant) ([]float64, error)
}

// roundsOf returns in how many of the rounds of a comparison it is measured.
func (s scenario) roundsOf(comparison int) int {
	if s.rounds == 0 {
		return comparison
	}
	return min(s.rounds, comparison)
}

// A variant is one size of a scenario.
type variant struct {
	name        string // with its unit: "64 connections"
	n           int
	descriptors int // that a process needs, if they are many
}

// A metric is something that is measured, the smaller the better.
type metric struct {
	unit  string  // in the benchmark format: "ns/msg", "p99-ns"
	label string  // of a column, with the unit of the table: "99th percentile, µs"
	size  float64 // of the unit of the table, in units of the benchmark format; 0 is 1
}

// scenarios returns all that there are, in the order in which they are run and reported.
func scenarios() []scenario {
	echo := []scenario{
		echoScenario(64),
		echoScenario(512),
		singleScenario(),
		openScenario(),
		churnScenario(),
		connectionsScenario(),
		sizesScenario(),
		loopsScenario(),
	}
	return slices.Concat(echo, httpScenarios(), proxyScenarios(), idleScenarios(), []scenario{millionScenario(), simulatedScenario()}, allocatorScenarios())
}
