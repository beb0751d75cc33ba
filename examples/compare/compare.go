package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// A leftOut is what is not measured, and why: a program, a scenario, or one of its variants.
type leftOut struct {
	name     string
	kind     kind   // of a program
	scenario string // or the scenario, which has the same name if it is left out itself
	why      error
}

func (l leftOut) String() string {
	if l.scenario != "" && l.scenario != l.name {
		return fmt.Sprintf("%s, %s: %v", l.scenario, l.name, l.why)
	}
	return fmt.Sprintf("%s: %v", l.name, l.why)
}

// compare is the whole comparison.
func compare(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if err := supported(); err != nil {
		return err
	}
	if _, err := readResults(o.results); err != nil {
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
	programs, left, err := b.prepare(ctx, r, choose(wanted, programs(o.asio), o.programs), stderr)
	if err != nil {
		return err
	}
	tables, skipped := r.newTables(wanted, programs)
	left = append(left, skipped...)
	for _, l := range left {
		fmt.Fprintln(stderr, "left out:", l)
	}
	if len(tables) == 0 {
		return errors.New("nothing to measure: -h lists the scenarios and the programs")
	}
	rep := report{machine: describeMachine(ctx), began: time.Now(), rounds: o.rounds, time: o.time, tables: tables, leftOut: left}
	err = r.rounds(ctx, &rep, o.results, stderr)
	// After an interrupt, what there is is drawn, too.
	err = errors.Join(err, rep.draw(context.WithoutCancel(ctx), o.results, b.sources))
	rep.summary(stdout, o.results)
	return errors.Join(err, rep.failure())
}

func newRunner(o options) (*runner, error) {
	cpus, err := allowedCPUs()
	if err != nil {
		return nil, err
	}
	descriptors, err := descriptorLimit()
	return &runner{time: o.time, cpus: cpus, descriptors: descriptors, million: o.million}, err
}

// rounds measures everything as often as the report says, and writes it to a directory after each
// round. After an interrupt it writes what there is.
func (r *runner) rounds(ctx context.Context, rep *report, dir string, stderr io.Writer) error {
	steps := 0
	for _, t := range rep.tables {
		steps += len(t.cells) * t.scenario.roundsOf(rep.rounds)
	}
	bar := newProgress(stderr, steps)
	defer bar.close()
	for i := range rep.rounds {
		rep.quiet = append(rep.quiet, lookAround(ctx))
		err := r.round(ctx, rep.tables, func(t *table, c *cell) {
			bar.step(fmt.Sprintf("%d/%d %s, %s", i+1, rep.rounds, t.scenario.name, c.program.name))
		})
		if err := errors.Join(err, rep.write(dir)); err != nil {
			return err
		}
	}
	return nil
}
