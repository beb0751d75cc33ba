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

// The notes that several scenarios have.
const (
	sharedNote = "The server and the load share a processor under SCHED_BATCH, so neither interrupts the other, and the figure does not depend on how quick the load is. "
	apartNote  = "The server and the load have a processor each. "
	bufferNote = "A read returns at most 4 KiB, except that netpoll's buffer grows. "
	gcNote     = "The GC cycles are those of the warm-up and of the measurement."
)

// The metrics that several scenarios have.
var (
	costMetric = metric{unit: "ns/msg", label: "processor time a message, ns"}
	p50Metric  = metric{"p50-ns", "median, µs", 1000}
	p99Metric  = metric{"p99-ns", "99th percentile, µs", 1000}
	p999Metric = metric{"p99.9-ns", "99.9th percentile, µs", 1000}
	gcMetric   = metric{unit: "gc-cycles", label: "GC cycles"}
)

// echoScenario asks what a message costs the server.
func echoScenario(connections int) scenario {
	return scenario{
		name:    fmt.Sprintf("echo-%d", connections),
		title:   "Processor time of the server for a message of 64 bytes, " + count(connections, "connection"),
		about:   "processor time and allocations a message, " + count(connections, "connection"),
		note:    sharedNote + bufferNote + gcNote,
		kind:    echoes,
		metrics: []metric{costMetric, {unit: "allocs/msg", label: "allocations a message"}, gcMetric},

		variants:   []variant{{name: count(connections, "connection"), n: connections}},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.sameCPU()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, smallBuffer, 1}, load.Config{Connections: v.n, Size: messageSize})
			return []float64{o.cost(), o.allocs(), o.gcCycles()}, err
		},
	}
}
