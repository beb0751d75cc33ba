package main

import (
	"context"
	"fmt"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

const (
	sizesConnections = 16
	largeBuffer      = 64 << 10
)

// sizesScenario asks what large messages cost.
func sizesScenario() scenario {
	s := scenario{
		name:       "sizes",
		title:      fmt.Sprintf("Processor time of the server for a message, from 64 B to 1 MiB, %d connections", sizesConnections),
		about:      fmt.Sprintf("processor time a message, from 64 B to 1 MiB, %d connections", sizesConnections),
		note:       sharedNote + fmt.Sprintf("A read returns at most %d KiB, except that netpoll's buffer grows.", largeBuffer>>10),
		kind:       echoes,
		metrics:    []metric{costMetric},
		processors: 1,
		measure: func(ctx context.Context, r *runner, p built, v variant) ([]float64, error) {
			server, client := r.sameCPU()
			o, err := r.serveAndLoad(ctx, p, serving{server, client, largeBuffer, 1}, load.Config{Connections: sizesConnections, Size: v.n})
			return []float64{o.cost()}, err
		},
	}
	for _, size := range []struct {
		name  string
		bytes int
	}{{"64 B", 64}, {"1 KiB", 1 << 10}, {"16 KiB", 16 << 10}, {"128 KiB", 128 << 10}, {"1 MiB", 1 << 20}} {
		s.variants = append(s.variants, variant{name: size.name, n: size.bytes})
	}
	return s
}
