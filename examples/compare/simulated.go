package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// simulations are programs that have both ends of all connections in their own process.
const simulations kind = "simulation"

func simulatedPrograms() []program {
	return ofKind(simulations, []program{{name: "Heirloom on platform/sim", ours: true, source: "simulated"}})
}

// simulatedScenario asks what a million connections cost where the kernel is left out.
func simulatedScenario() scenario {
	return scenario{
		name:  "simulated",
		title: "Memory of a connection, of a million on a simulated network",
		about: "a million connections on a simulated network; see -million",
		note: "Nothing here is a real connection: the network and the time are those of package platform/sim. The proactor, the sessions, the operations and the deadlines " +
			"are those that serve real ones. The bytes are of the whole process, so they have both ends of each connection and what stands for the kernel. " +
			"One connection in a hundred says something each second. The time of a message is real time, and includes both ends. The pause is the longest of a garbage collection.",
		kind: simulations,
		metrics: []metric{
			{unit: "B/conn", label: "heap, bytes a connection"},
			{unit: "ns/msg", label: "real time a message, ns"},
			{"pause-ns", "longest pause of a garbage collection, µs", 1000},
			{unit: "conns", label: "connections"},
		},
		variants:   []variant{{name: "all connections"}},
		rounds:     1,
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, _ variant) ([]float64, error) {
			n := million
			if r.million > 0 {
				n = r.million
			}
			return r.simulate(ctx, p, n)
		},
	}
}

func (r *runner) simulate(ctx context.Context, p built, n int) ([]float64, error) {
	where, _ := r.allCPUs()
	out, err := r.output(ctx, where, p, "-connections", fmt.Sprint(n), "-seconds", fmt.Sprint(speaksFor))
	if err != nil {
		return nil, err
	}
	var said struct {
		Connections int     `json:"connections"`
		HeapBytes   float64 `json:"heap_bytes"`
		MessageNs   float64 `json:"message_ns"`
		GCPauseNs   float64 `json:"gc_pause_ns"`
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return []float64{said.HeapBytes, said.MessageNs, said.GCPauseNs, float64(said.Connections)}, nil
}
