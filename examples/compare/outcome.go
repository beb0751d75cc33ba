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
	heap *memStats // nil: it is no Go server
}

// serveAndLoad starts a server, runs a load against it and ends it.
func (r *runner) serveAndLoad(ctx context.Context, p built, how serving, c load.Config) (o outcome, err error) {
	s, err := start(ctx, p, how.server, "-buffer", strconv.Itoa(how.buffer), "-loops", strconv.Itoa(how.loops))
	if err != nil {
		return o, err
	}
	defer s.stop()
	if !p.isGo() {
		o.Result, err = r.load(ctx, s, how.client, c)
		return o, err
	}
	before, err := s.memStats(false)
	if err != nil {
		return o, err
	}
	if o.Result, err = r.load(ctx, s, how.client, c); err != nil {
		return o, err
	}
	after, err := s.memStats(false)
	o.heap = &memStats{
		Mallocs:   after.Mallocs - before.Mallocs,
		GCCycles:  after.GCCycles - before.GCCycles,
		GCPauseNs: after.GCPauseNs - before.GCPauseNs,
	}
	return o, err
}

// cost returns the nanoseconds of processor time that a message took.
func (o outcome) cost() float64 { return ratio(float64(o.ServerCPU), o.Messages) }

// allocs returns how many allocations a message took, with those that the connections took.
func (o outcome) allocs() float64 {
	if o.heap == nil {
		return math.NaN()
	}
	return ratio(float64(o.heap.Mallocs), o.Total)
}

// gcCycles returns how often the garbage collector has run.
func (o outcome) gcCycles() float64 {
	if o.heap == nil {
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
