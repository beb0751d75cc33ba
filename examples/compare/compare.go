package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A leftOut is a program or a scenario that is not measured, and why.
type leftOut struct {
	name string
	kind kind // empty: it is no program but a scenario
	why  error
}

// compare is the whole comparison.
func compare(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if err := supported(); err != nil {
		return err
	}
	r, err := newRunner(o)
	if err != nil {
		return err
	}
	b, err := newBuilder(o.build)
	if err != nil {
		return err
	}
	if r.loader, err = b.goProgram(ctx, "./loader"); err != nil {
		return err
	}
	wanted := match(scenarios(), o.run)
	programs, left, err := b.prepare(ctx, r, choose(wanted, programs(o.asio), o.servers), stderr)
	if err != nil {
		return err
	}
	tables, skipped := r.newTables(wanted, programs)
	left = append(left, skipped...)
	for _, l := range left {
		fmt.Fprintf(stderr, "left out: %s: %v\n", l.name, l.why)
	}
	if len(tables) == 0 {
		return errors.New("nothing to measure: -h lists the scenarios and the servers")
	}
	rep := report{machine: describeMachine(), began: time.Now(), rounds: o.rounds, time: o.time, tables: tables, leftOut: left}
	if err := r.rounds(ctx, o.rounds, &rep, programs, stderr); err != nil {
		return err
	}
	if err := rep.write(ctx, o.results, b.sources); err != nil {
		return err
	}
	rep.summary(stdout, o.results)
	return rep.failure()
}

func newRunner(o options) (*runner, error) {
	cpus, err := allowedCPUs()
	if err != nil {
		return nil, err
	}
	descriptors, err := descriptorLimit()
	return &runner{time: o.time, cpus: cpus, descriptors: descriptors, million: o.million}, err
}

// rounds measures everything so many times.
func (r *runner) rounds(ctx context.Context, n int, rep *report, programs []built, stderr io.Writer) error {
	cells := 0
	for _, t := range rep.tables {
		cells += len(t.cells)
	}
	bar := newProgress(stderr, n*cells)
	defer bar.close()
	for i := range n {
		rep.quiet = append(rep.quiet, lookAround(ctx))
		err := r.round(ctx, rep.tables, programs, func(t *table, c *cell) {
			bar.step(fmt.Sprintf("%d/%d %s, %s", i+1, n, t.scenario.name, c.program.name))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
