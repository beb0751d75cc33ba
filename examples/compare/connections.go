package main

import (
	"context"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// connectionsScenario asks whether a message costs more where there are many connections.
func connectionsScenario() scenario {
	s := scenario{
		name:       "connections",
		title:      "Processor time of the server for a message of 64 bytes, 1 to 19,900 connections",
		about:      "processor time a message, from 1 to 19,900 connections",
		note:       sharedNote + "All connections are busy, and each has 20 answers on average, however long that takes. " + bufferNote,
		kind:       echoes,
		metrics:    []metric{costMetric},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.sameCPU()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, load.Config{Connections: v.n, Size: messageSize})
			return []float64{o.cost()}, err
		},
	}
	// 20,000 descriptors are the limit of many systems.
	for _, n := range []int{1, 10, 100, 1000, 5000, 10_000, 19_900} {
		s.variants = append(s.variants, variant{name: count(n, "connection"), n: n, descriptors: n + ownDescriptors})
	}
	return s
}

// ownDescriptors is how many a process may need for what is no connection.
const ownDescriptors = 64
