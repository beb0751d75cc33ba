package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/examples/compare/crowd"
)

// crowds are servers that have so many connections that they need several processes.
const crowds kind = "million"

// million is how many connections there are to be at most, unless -million says otherwise.
const million = 1_000_000

const (
	// speaking is how often a connection of a crowd says something, a second: one in a hundred
	// connections does in any second.
	speaking = 0.01

	// deadline is how long a connection of a crowd may wait, which none does.
	deadline = "10m"

	// memoryOfConnection is what a connection may need: about 9 KiB for its two sockets in the
	// kernel, and what the server and the client have of it.
	memoryOfConnection = 14 << 10

	// mostOfServer is how many connections a server has at most. Many systems allow a process
	// no more, and figures of servers with more would not be comparable.
	mostOfServer = 20_000

	// speaksFor is for how long the crowds speak, in times of a measurement.
	speaksFor = 5
)

func crowdPrograms() []program {
	limit := []string{"-idle", deadline}
	return ofKind(crowds, append(heirlooms("waiting", limit...), program{name: "net", source: "netwaiting", args: limit}))
}

// millionScenario asks what a million connections cost that are real.
func millionScenario() scenario {
	return scenario{
		name:  "million",
		title: "Memory of a connection, of up to a million",
		about: "up to a million real connections, in several processes; see -million",
		note: "The connections are real, over loopback. There are as many as -million says, or as two thirds of the free memory suffice for, and at most a million. " +
			"A process has as many as its descriptors allow, so there are several servers, each with its clients in a process beside it. " +
			"Each connection has a deadline of " + deadline + " armed. One in a hundred says something each second. The latency is that of all those messages; " +
			"where there are many more processes than processors, it is mostly the wait for a processor. " +
			"Meanwhile a garbage collection is forced in each server, and its pauses are given. " +
			"The bytes are those of the servers' processes. Memory in the kernel is not included: the two sockets of a connection take about 9 KiB, " +
			"whichever the server, and io_uring uses some more, for outstanding reads.",
		kind: crowds,
		metrics: []metric{
			residentMetric,
			heapMetric,
			p99Metric,
			{"pause-ns", "pauses of a garbage collection, µs", 1000},
			{unit: "conns", label: "connections"},
		},
		variants:   []variant{{name: "all connections"}},
		rounds:     1,
		processors: 2,
		measure: func(ctx context.Context, r *runner, p built, _ variant) ([]float64, error) {
			n, err := r.crowdSize()
			if err != nil {
				return nil, err
			}
			return r.crowds(ctx, p, n)
		},
	}
}

// crowdSize returns how many connections there are to be, the same for all programs.
func (r *runner) crowdSize() (int, error) {
	if r.million > 0 {
		return r.million, nil
	}
	if r.crowd == 0 {
		kib, err := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemAvailable"), " kB"))
		if err != nil {
			return 0, fmt.Errorf("free memory: %w; -million says how many connections there are to be", err)
		}
		r.crowd = min(million, kib<<10/3*2/memoryOfConnection)
	}
	return r.crowd, nil
}

// crowds measures n connections in as many processes as they need.
func (r *runner) crowds(ctx context.Context, p built, n int) (values []float64, err error) {
	var all []*shard
	defer func() {
		for _, s := range all {
			s.stop()
		}
	}()
	most := min(r.descriptors-ownDescriptors, mostOfServer)
	for left := n; left > 0; {
		s, err := r.newShard(ctx, p, len(all), min(left, most))
		if err != nil {
			return nil, fmt.Errorf("after %d connections: %w", n-left, err)
		}
		all = append(all, s)
		left -= s.connections
	}
	var grown footprint
	for _, s := range all {
		f, err := s.server.footprint(true)
		if err != nil {
			return nil, err
		}
		f = f.since(s.before)
		grown.resident += f.resident
		grown.heap += f.heap
	}
	latencies, pause, err := speak(ctx, all, r.time*speaksFor)
	if err != nil {
		return nil, err
	}
	slices.Sort(latencies)
	p99 := latencies[len(latencies)*99/100]
	return []float64{grown.resident / float64(n), grown.heap / float64(n), float64(p99), pause, float64(n)}, nil
}

// speak has all crowds speak, and collects the garbage of the servers after half of the time.
func speak(ctx context.Context, all []*shard, d time.Duration) (latencies []time.Duration, pause float64, err error) {
	for _, s := range all {
		if err := s.clients.begin(); err != nil {
			return nil, 0, err
		}
	}
	select {
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	case <-time.After(d / 2):
	}
	for _, s := range all {
		p, err := s.server.pauses()
		if err != nil {
			return nil, 0, s.server.explain(err)
		}
		pause += p / float64(len(all))
	}
	for _, s := range all {
		var r crowd.Result
		if err := s.clients.receive(&r); err != nil {
			return nil, 0, s.server.explain(err)
		}
		latencies = append(latencies, r.Latencies...)
	}
	return latencies, pause, nil
}

// pauses forces a garbage collection and returns for how long it stopped the program.
func (s *process) pauses() (float64, error) {
	before, err := s.memStats(asIs)
	if err != nil {
		return 0, err
	}
	after, err := s.memStats(collected)
	if err != nil || after.GCCycles == before.GCCycles {
		return math.NaN(), err
	}
	return float64(after.GCPauseNs-before.GCPauseNs) / float64(after.GCCycles-before.GCCycles), nil
}

// A shard is a server and its clients.
type shard struct {
	connections int
	server      *process
	before      footprint // of the server, without connections
	clients     *loader
}

// newShard starts a server and its clients, and waits until they are connected. Each server has a
// loopback address of its own, and the clients of all may use the same ports: a port is taken
// only between two addresses.
func (r *runner) newShard(ctx context.Context, p built, i, n int) (*shard, error) {
	where, _ := r.allCPUs()
	server, err := start(ctx, p, where, "-listen", loopback(i)+":0")
	if err != nil {
		return nil, err
	}
	s := &shard{connections: n, server: server}
	if s.before, err = server.footprint(true); err == nil {
		c := crowd.Config{Address: server.address, Connections: n, Speaking: speaking, Duration: r.time * speaksFor}
		s.clients, err = r.startLoader(ctx, where, c, "crowd")
	}
	if err != nil {
		return nil, server.explain(err)
	}
	return s, nil
}

// loopback returns an address of this machine that nobody else uses, another for each i.
func loopback(i int) string { return fmt.Sprintf("127.2.%d.%d", i/200, 1+i%200) }

// stop ends the clients first, so that it is they who close the connections.
func (s *shard) stop() {
	s.clients.stop()
	s.server.stop()
}
