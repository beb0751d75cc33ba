package main

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// messageSize is the size of messages where nothing else is said, and smallBuffer of the
// buffers that they are read into.
const (
	messageSize = 64
	smallBuffer = 4 << 10
)

var costMetric = metric{"ns/msg", "processor time a message, ns"}

// echoScenario asks what a message costs the server.
func echoScenario(connections int) scenario {
	return scenario{
		name:    fmt.Sprintf("echo-%d", connections),
		title:   fmt.Sprintf("Processor time of the server for a message of 64 bytes, %d connections", connections),
		about:   fmt.Sprintf("processor time and allocations a message, %d connections", connections),
		note:    "The server and the load share a processor.",
		kind:    echoes,
		metrics: []metric{costMetric, {"allocs/msg", "allocations a message"}, {"gc-cycles", "GC cycles"}},

		variants:   []variant{{fmt.Sprintf("%d connections", connections), connections}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.sameCPU()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, load.Config{Connections: v.n, Size: messageSize})
			return []float64{o.cost(), o.allocs(), o.gcCycles()}, err
		},
	}
}
