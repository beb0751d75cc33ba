package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// report is the output of one or more runs of go test -bench, in the format of
// https://go.dev/design/14313-benchmark-format.
type report struct {
	goos, goarch, cpu string
	unit              string       // of the values
	benchmarks        []*benchmark // in the order of their first runs
}

// benchmark is all runs of one benchmark.
type benchmark struct {
	pkg, name string    // the name is without Benchmark
	values    []float64 // a run
}

// readReport reads the values with a unit from what go test -bench printed. Of
// a run that failed it reads nothing, because what is missing would not show in
// a picture.
func readReport(r io.Reader, unit string) (*report, error) {
	rep := &report{unit: unit}
	type key struct{ pkg, name string }
	byName := make(map[key]*benchmark)
	pkg := ""
	lines := bufio.NewScanner(r)
	number := 0
	for lines.Scan() {
		number++
		line := lines.Text()
		if line == "FAIL" || strings.HasPrefix(line, "FAIL\t") || strings.HasPrefix(line, "--- FAIL:") {
			return nil, fmt.Errorf("line %d: the run failed: %s", number, line)
		}
		if label, value, ok := strings.Cut(line, ": "); ok {
			switch label {
			case "goos":
				rep.goos = value
			case "goarch":
				rep.goarch = value
			case "cpu":
				rep.cpu = value
			case "pkg":
				pkg = value
			}
		}
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(line, "Benchmark") { // go test -v prints names alone
			continue
		}
		value, err := valueIn(unit, fields[1:])
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", number, fields[0], err)
		}
		k := key{pkg, strings.TrimPrefix(fields[0], "Benchmark")}
		b := byName[k]
		if b == nil {
			b = &benchmark{pkg: k.pkg, name: k.name}
			byName[k] = b
			rep.benchmarks = append(rep.benchmarks, b)
		}
		b.values = append(b.values, value)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	if number == 0 {
		return nil, errors.New("the input is empty; it should be what go test -bench prints")
	}
	if len(rep.benchmarks) == 0 {
		return nil, errors.New("no benchmark in the input; it should be what go test -bench prints")
	}
	rep.cutProcessors()
	return rep, nil
}

// valueIn returns the value with a unit from what follows the name: the number
// of iterations, then values with their units.
func valueIn(unit string, fields []string) (float64, error) {
	if n, err := strconv.Atoi(fields[0]); err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a number of iterations", fields[0])
	}
	values := fields[1:]
	if len(values)%2 != 0 {
		return 0, fmt.Errorf("a value without a unit: %s", strings.Join(values, " "))
	}
	for pair := range slices.Chunk(values, 2) {
		if pair[1] != unit {
			continue
		}
		v, err := strconv.ParseFloat(pair[0], 64)
		if err != nil || !(v >= 0) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("%q is not a number of %s", pair[0], unit)
		}
		return v, nil
	}
	return 0, fmt.Errorf("no value in %s", unit)
}

var processors = regexp.MustCompile(`-[0-9]+$`)

// cutProcessors removes the number of processors that ends the names, if it is
// the same for all: with -cpu 1,2 it tells rows apart, and on one processor
// there is none, and what looks like it is part of the name.
func (r *report) cutProcessors() {
	suffix := processors.FindString(r.benchmarks[0].name)
	for _, b := range r.benchmarks {
		if !strings.HasSuffix(b.name, suffix) {
			return
		}
	}
	for _, b := range r.benchmarks {
		b.name = strings.TrimSuffix(b.name, suffix)
	}
}

// machine says what the benchmarks ran on, as far as the output does.
func (r *report) machine() string {
	var parts []string
	if r.goos != "" && r.goarch != "" {
		parts = append(parts, r.goos+"/"+r.goarch)
	}
	if r.cpu != "" {
		parts = append(parts, r.cpu)
	}
	return strings.Join(parts, ", ")
}

// group is a benchmark function and what it runs.
type group struct {
	name string
	rows []row
}

// groups returns what matches, as it stands in the input, with the smallest row
// of a group first. A peer that several functions of a package run is the same
// thing each time; it is shown once, with all its runs, in a last group.
func (r *report) groups(wanted *regexp.Regexp) []group {
	type key struct{ pkg, name string }
	in := make(map[key]int) // how many functions have a peer
	for _, b := range r.benchmarks {
		if _, name, peer := b.split(); peer && wanted.MatchString(b.name) {
			in[key{b.pkg, name}]++
		}
	}
	values := make(map[key]map[string][]float64)
	isPeer := make(map[key]map[string]bool)
	var keys []key
	for _, b := range r.benchmarks {
		if !wanted.MatchString(b.name) {
			continue
		}
		function, name, peer := b.split()
		k := key{b.pkg, function}
		if peer && in[key{b.pkg, name}] > 1 {
			k.name = ""
		}
		if values[k] == nil {
			values[k], isPeer[k] = make(map[string][]float64), make(map[string]bool)
			keys = append(keys, k)
		}
		values[k][name] = append(values[k][name], b.values...)
		isPeer[k][name] = peer
	}

	var all []group
	for _, k := range keys {
		g := group{name: cmp.Or(spaced(k.name), sharedPeers)}
		for name, values := range values[k] {
			g.rows = append(g.rows, newRow(name, isPeer[k][name], values))
		}
		slices.SortFunc(g.rows, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.median, b.median), cmp.Compare(a.name, b.name))
		})
		all = append(all, g)
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(a.last(), b.last()) })
	return all
}

// smallestFirst sorts groups by their best rows.
func smallestFirst(groups []group) {
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(
			cmp.Compare(a.last(), b.last()),
			cmp.Compare(a.best(), b.best()),
			cmp.Compare(a.name, b.name))
	})
}

const sharedPeers = "peers"

// split returns the function of a benchmark and what it runs, and whether that
// is a peer.
func (b *benchmark) split() (function, name string, peer bool) {
	function, rest, _ := strings.Cut(b.name, "/")
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		if after, ok := strings.CutPrefix(part, "peer="); ok {
			parts[i], peer = after, true
		}
	}
	return function, spaced(strings.Join(parts, "/")), peer
}

// spaced returns a name with the spaces for which go test writes _, but io_uring has one of its
// own.
func spaced(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "_", " "), "io uring", "io_uring")
}

// last is 1 for the group that stands below the others.
func (g group) last() int {
	if g.name == sharedPeers {
		return 1
	}
	return 0
}

// best is the smallest row that is no peer.
func (g group) best() float64 {
	for _, r := range g.rows {
		if !r.peer {
			return r.median
		}
	}
	return math.Inf(1)
}
