package main

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

const openConnections = 64

// openScenario asks how long answers take at a given rate, which the server cannot slow down.
func openScenario() scenario {
	s := scenario{
		name:  "open",
		title: fmt.Sprintf("99th percentile of the latency at a fixed rate, messages of 64 bytes, %d connections", openConnections),
		about: fmt.Sprintf("latency at fixed rates, %d connections", openConnections),
		note: apartNote + "Messages are sent at a fixed rate, whether the server keeps up or not, " +
			"and a latency counts from the time at which the message should have been sent. " + bufferNote,
		kind:       echoes,
		metrics:    []metric{p99Metric, p50Metric, p999Metric},
		processors: 2,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.twoCPUs()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, load.Config{Connections: openConnections, Size: messageSize, Rate: float64(v.n)})
			return []float64{float64(o.P99), float64(o.P50), float64(o.P999)}, err
		},
	}
	for _, rate := range []int{10_000, 50_000, 100_000} {
		s.variants = append(s.variants, variant{name: thousands(fmt.Sprint(rate)) + " a second", n: rate})
	}
	return s
}
