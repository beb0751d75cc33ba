package main

import (
	"context"
	"math"
	"strconv"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// A serving says how a server is started, and where the load runs.
type serving struct {
	server, client placement
	buffer, loops  int
}

// An outcome is what a load has measured, and what the heap of a Go server has done meanwhile.
type outcome struct {
	load.Result
	hasFigures bool     // of a heap
	heap       memStats // since all connections were open, until they are closed
}

// serveAndLoad starts a server, runs a load against it and ends it.
func (r *runner) serveAndLoad(ctx context.Context, p built, how serving, c load.Config) (outcome, error) {
	s, err := start(ctx, p, how.server, "-buffer", strconv.Itoa(how.buffer), "-loops", strconv.Itoa(how.loops))
	if err != nil {
		return outcome{}, err
	}
	defer s.stop()
	return r.load(ctx, s, p.isGo(), how.client, c)
}

// load runs a load against a server, and asks it for figures of its heap if it has some.
func (r *runner) load(ctx context.Context, s *process, hasFigures bool, where placement, c load.Config) (outcome, error) {
	c.Address, c.Server = s.address, s.pid()
	c.Warmup, c.Duration = r.warmup(), r.time
	l, err := r.startLoader(ctx, where, c)
	if err != nil {
		return outcome{}, s.explain(err)
	}
	defer l.stop()
	o, err := l.measure(s, hasFigures)
	return o, s.explain(err)
}

// measure runs a load against a server. The connections are open before and after it.
func (l *loader) measure(s *process, hasFigures bool) (outcome, error) {
	o := outcome{hasFigures: hasFigures}
	var before, after memStats
	var err error
	if hasFigures {
		if before, err = s.memStats(asIs); err != nil {
			return o, err
		}
	}
	if err := l.begin(); err != nil {
		return o, err
	}
	if err := l.receive(&o.Result); err != nil {
		return o, err
	}
	if hasFigures {
		after, err = s.memStats(asIs)
		o.heap = after.since(before)
	}
	return o, err
}

// cost returns the nanoseconds of processor time that a message took.
func (o outcome) cost() float64 { return ratio(float64(o.ServerCPU), o.Messages) }

// allocs returns how many allocations a message took.
func (o outcome) allocs() float64 {
	if !o.hasFigures {
		return math.NaN()
	}
	return ratio(float64(o.heap.Mallocs), o.Total)
}

// gcCycles returns how often the garbage collector has run.
func (o outcome) gcCycles() float64 {
	if !o.hasFigures {
		return math.NaN()
	}
	return float64(o.heap.GCCycles)
}

func ratio(a float64, n int64) float64 {
	if n == 0 {
		return math.NaN()
	}
	return a / float64(n)
}
