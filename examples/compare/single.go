package main

import (
	"context"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// singleScenario asks how long an answer takes when there is nothing else to do, so that what
// counts is who must be woken.
func singleScenario() scenario {
	return scenario{
		name:       "single",
		title:      "Median time of the round trip of a message of 64 bytes, one connection",
		about:      "the time from a message to its echo, one connection",
		note:       apartNote + bufferNote,
		kind:       echoes,
		metrics:    []metric{p50Metric, p99Metric, costMetric},
		variants:   []variant{{name: "1 connection", n: 1}},
		processors: 2,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.twoCPUs()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, load.Config{Connections: v.n, Size: messageSize})
			return []float64{float64(o.P50), float64(o.P99), o.cost()}, err
		},
	}
}
