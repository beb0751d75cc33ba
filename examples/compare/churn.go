package main

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// messagesOfConnection is how many messages a connection has where connections come and go.
const messagesOfConnection = 10

// churnScenario asks what a short connection costs the server.
func churnScenario() scenario {
	return scenario{
		name:       "churn",
		title:      fmt.Sprintf("Processor time of the server for a connection with %d messages of 64 bytes", messagesOfConnection),
		about:      fmt.Sprintf("processor time a connection of %d messages, 64 at a time", messagesOfConnection),
		note:       sharedNote + fmt.Sprintf("A connection is closed after %d messages and another opened. ", messagesOfConnection) + bufferNote,
		kind:       echoes,
		metrics:    []metric{{"ns/conn", "processor time a connection, µs", 1000}, {unit: "allocs/conn", label: "allocations a connection"}},
		variants:   []variant{{name: "64 at a time", n: 64}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.sameCPU()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, load.Config{Connections: v.n, Size: messageSize, Churn: messagesOfConnection})
			return []float64{ratio(float64(o.ServerCPU), o.Connections), o.allocs() * messagesOfConnection}, err
		},
	}
}
