package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"
)

// A runner measures programs. It is what a scenario does its work with.
type runner struct {
	time        time.Duration // measured in a cell
	cpus        []int         // that may be used
	descriptors int           // that a process may have
	loader      string        // the program that makes the load
	million     int           // how many connections there are where there are most; 0: as many as the memory suffices for
	crowd       int           // how many those are; 0: not known yet
}

// sameCPU is where a server and its load share a processor. Neither is interrupted by the
// other, so each handles all that is ready at once, and the server's processor time does not
// depend on how quick the load is.
func (r *runner) sameCPU() (server, client placement) {
	one := placement{cpus: r.cpus[:1], batch: true}
	return one, one
}

// twoCPUs is where they have a processor each.
func (r *runner) twoCPUs() (server, client placement) {
	return placement{cpus: r.cpus[:1]}, placement{cpus: r.cpus[1:2]}
}

// allCPUs is where both may use all processors.
func (r *runner) allCPUs() (server, client placement) {
	return placement{cpus: r.cpus}, placement{cpus: r.cpus}
}

// warmup is how long a load runs before it is measured.
func (r *runner) warmup() time.Duration { return r.time / 4 }

// A cell is a program in a variant of a scenario, with what was measured.
type cell struct {
	program built
	variant variant
	rounds  [][]float64 // values of the metrics
	errs    []error     // of the rounds that failed
}

// A table is a scenario and its cells, by variant and then by program.
type table struct {
	scenario scenario
	cells    []*cell
}

// match returns the scenarios whose names match.
func match(all []scenario, name *regexp.Regexp) (matching []scenario) {
	for _, s := range all {
		if name.MatchString(s.name) {
			matching = append(matching, s)
		}
	}
	return matching
}

// choose returns the programs that match and that one of the scenarios measures.
func choose(scenarios []scenario, all []program, name *regexp.Regexp) (chosen []program) {
	for _, p := range all {
		if name.MatchString(p.name) && slices.ContainsFunc(scenarios, func(s scenario) bool { return s.kind == p.kind }) {
			chosen = append(chosen, p)
		}
	}
	return chosen
}

// newTables returns empty tables for the scenarios, and of these what the machine has not enough
// processors or descriptors for.
func (r *runner) newTables(scenarios []scenario, programs []built) (tables []*table, skipped []leftOut) {
	for _, s := range scenarios {
		if s.processors > len(r.cpus) {
			skipped = append(skipped, leftOut{name: s.name, scenario: s.name, why: fmt.Errorf("it needs %d processors", s.processors)})
			continue
		}
		var tooLarge []variant
		s.variants, tooLarge = r.fitting(s.variants)
		why := fmt.Errorf("a process may have %d descriptors; ulimit -n raises that", r.descriptors)
		if len(s.variants) == 0 {
			skipped = append(skipped, leftOut{name: s.name, scenario: s.name, why: why})
			continue
		}
		for _, v := range tooLarge {
			skipped = append(skipped, leftOut{name: v.name, scenario: s.name, why: why})
		}
		if t := newTable(s, programs); len(t.cells) > 0 {
			tables = append(tables, t)
		}
	}
	return tables, skipped
}

// fitting tells the variants that there are enough descriptors for from the others.
func (r *runner) fitting(all []variant) (fitting, tooLarge []variant) {
	for _, v := range all {
		if v.descriptors > r.descriptors {
			tooLarge = append(tooLarge, v)
		} else {
			fitting = append(fitting, v)
		}
	}
	return fitting, tooLarge
}

func newTable(s scenario, programs []built) *table {
	t := &table{scenario: s}
	for _, v := range s.variants {
		for _, p := range programs {
			if p.kind == s.kind {
				t.cells = append(t.cells, &cell{program: p, variant: v})
			}
		}
	}
	return t
}

// round measures each cell once, and calls begin before that. The programs of a variant are
// measured one after another, in random order, so a slow spell hits all of them.
func (r *runner) round(ctx context.Context, tables []*table, begin func(*table, *cell)) error {
	for _, t := range tables {
		for _, v := range t.scenario.variants {
			cells := t.of(v)
			rand.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
			for _, c := range cells {
				if s := t.scenario; s.rounds == 0 || c.done() < s.rounds {
					begin(t, c)
					r.measure(ctx, s, c)
				}
				if err := context.Cause(ctx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// measure measures a cell. What was interrupted is no failure, and not recorded.
func (r *runner) measure(ctx context.Context, s scenario, c *cell) {
	values, err := s.measure(ctx, r, c.program, c.variant)
	if ctx.Err() != nil {
		return
	}
	if err == nil && math.IsNaN(values[0]) {
		err = fmt.Errorf("there is nothing to tell the %s from", s.metrics[0].label)
	}
	if err != nil {
		c.errs = append(c.errs, err)
		return
	}
	c.rounds = append(c.rounds, values)
}

// done returns in how many rounds it was measured.
func (c *cell) done() int { return len(c.rounds) + len(c.errs) }

// of returns the cells of a variant.
func (t *table) of(v variant) (cells []*cell) {
	for _, c := range t.cells {
		if c.variant == v {
			cells = append(cells, c)
		}
	}
	return cells
}
