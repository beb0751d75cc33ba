package main

import (
	"context"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// loopsScenario asks whether a message costs more where several loops serve.
func loopsScenario() scenario {
	return scenario{
		name:       "loops",
		title:      "Processor time of the server for a message of 64 bytes, 64 connections, one loop and two",
		about:      "processor time a message with one loop and with two, 64 connections",
		note:       "The server and the load may use all processors. A server that has no loops may use that many processors. " + bufferNote,
		kind:       echoes,
		metrics:    []metric{costMetric},
		variants:   []variant{{name: "1 loop", n: 1}, {name: "2 loops", n: 2}},
		processors: 2,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.allCPUs()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, v.n}, load.Config{Connections: 64, Size: messageSize})
			return []float64{o.cost()}, err
		},
	}
}
