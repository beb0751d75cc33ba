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
	isGo bool
	heap memStats // since all connections were open
}

// serveAndLoad starts a server, runs a load against it and ends it.
func (r *runner) serveAndLoad(ctx context.Context, p built, how serving, c load.Config) (o outcome, err error) {
	s, err := start(ctx, p, how.server, "-buffer", strconv.Itoa(how.buffer), "-loops", strconv.Itoa(how.loops))
	if err != nil {
		return o, err
	}
	defer s.stop()
	o.isGo = p.isGo()
	var before memStats
	o.Result, err = r.load(ctx, s, how.client, c, func() (err error) {
		if o.isGo {
			before, err = s.memStats(false)
		}
		return err
	})
	if err != nil || !o.isGo {
		return o, err
	}
	after, err := s.memStats(false)
	o.heap = after.since(before)
	return o, err
}

// cost returns the nanoseconds of processor time that a message took.
func (o outcome) cost() float64 { return ratio(float64(o.ServerCPU), o.Messages) }

// allocs returns how many allocations a message took.
func (o outcome) allocs() float64 {
	if !o.isGo {
		return math.NaN()
	}
	return ratio(float64(o.heap.Mallocs), o.Total)
}

// gcCycles returns how often the garbage collector has run.
func (o outcome) gcCycles() float64 {
	if !o.isGo {
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
