package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os/exec"
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

	// portsOfServer is how many connections can be made to one address of a server.
	portsOfServer = 20_000

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
			"Each connection has a deadline of " + deadline + " armed. One in a hundred says something each second. The latency is that of all those messages, " +
			"and a collection of garbage is forced in each server meanwhile, whose pauses are given.",
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

// crowdSize returns how many connections there are to be.
func (r *runner) crowdSize() (int, error) {
	if r.million > 0 {
		return r.million, nil
	}
	kib, err := strconv.Atoi(strings.TrimSuffix(field("/proc/meminfo", "MemAvailable"), " kB"))
	if err != nil {
		return 0, fmt.Errorf("free memory: %w; -million says how many connections there are to be", err)
	}
	return min(million, kib<<10/3*2/memoryOfConnection), nil
}

// crowds measures n connections in as many processes as they need.
func (r *runner) crowds(ctx context.Context, p built, n int) (values []float64, err error) {
	var all []*quarter
	defer func() {
		for _, q := range all {
			q.stop()
		}
	}()
	most := min(r.descriptors-ownDescriptors, portsOfServer)
	for left := n; left > 0; {
		q, err := r.newQuarter(ctx, p, len(all), min(left, most))
		if err != nil {
			return nil, fmt.Errorf("after %d connections: %w", n-left, err)
		}
		all = append(all, q)
		left -= q.connections
	}
	var memory footprint
	for _, q := range all {
		f, err := q.server.footprint(true)
		if err != nil {
			return nil, err
		}
		memory.resident += f.resident - q.before.resident
		memory.heap += f.heap - q.before.heap
	}
	latencies, pause, err := listen(all, r.time*speaksFor)
	if err != nil {
		return nil, err
	}
	slices.Sort(latencies)
	p99 := latencies[len(latencies)*99/100]
	return []float64{memory.resident / float64(n), memory.heap / float64(n), float64(p99), pause, float64(n)}, nil
}

// listen has all crowds speak, and collects the garbage of the servers after half of the time.
func listen(all []*quarter, d time.Duration) (latencies []time.Duration, pause float64, err error) {
	for _, q := range all {
		if err := q.commands.Encode(true); err != nil {
			return nil, 0, err
		}
	}
	time.Sleep(d / 2)
	for _, q := range all {
		p, err := q.server.pauses()
		if err != nil {
			return nil, 0, err
		}
		pause += p / float64(len(all))
	}
	for _, q := range all {
		var r crowd.Result
		if err := q.hear(&r); err != nil {
			return nil, 0, err
		}
		latencies = append(latencies, r.Latencies...)
	}
	return latencies, pause, nil
}

// pauses forces a garbage collection and returns for how long it stopped the program.
func (s *process) pauses() (float64, error) {
	before, err := s.memStats(false)
	if err != nil {
		return 0, err
	}
	after, err := s.memStats(true)
	if err != nil || after.GCCycles == before.GCCycles {
		return math.NaN(), err
	}
	return float64(after.GCPauseNs-before.GCPauseNs) / float64(after.GCCycles-before.GCCycles), nil
}

// A quarter is a server and its clients.
type quarter struct {
	connections int
	server      *process
	before      footprint // of the server, without connections
	clients     *exec.Cmd
	commands    *json.Encoder
	reports     *json.Decoder
	stderr      tail
}

// newQuarter starts the server and the clients of a quarter, which it waits for. Each has a
// loopback address of its own, and so the ports for itself.
func (r *runner) newQuarter(ctx context.Context, p built, i, n int) (*quarter, error) {
	where, _ := r.allCPUs()
	server, err := start(ctx, p, where, "-listen", loopback(i)+":0")
	if err != nil {
		return nil, err
	}
	q := &quarter{connections: n, server: server}
	if q.before, err = server.footprint(true); err == nil {
		err = q.connect(ctx, r, where)
	}
	if err != nil {
		q.stop()
		return nil, err
	}
	return q, nil
}

// loopback returns an address of this machine that nobody else uses, another for each i.
func loopback(i int) string { return fmt.Sprintf("127.2.%d.%d", i/200, 1+i%200) }

// connect starts the clients and waits until they are connected; see package loader.
func (q *quarter) connect(ctx context.Context, r *runner, where placement) error {
	clients := command(ctx, r.loader, "crowd")
	clients.Stderr = &q.stderr
	stdin, err := clients.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := clients.StdoutPipe()
	if err != nil {
		return err
	}
	if err := where.start(clients); err != nil {
		return err
	}
	q.clients, q.commands, q.reports = clients, json.NewEncoder(stdin), json.NewDecoder(stdout)
	c := crowd.Config{Address: q.server.address, Connections: q.connections, Speaking: speaking, Duration: r.time * speaksFor}
	if err := q.commands.Encode(c); err != nil {
		return err
	}
	var connected bool
	return q.hear(&connected)
}

// hear reads what the clients print next.
func (q *quarter) hear(v any) error {
	err := q.reports.Decode(v)
	if err == nil {
		return nil
	}
	q.clients.Wait() // until it has said why
	q.clients = nil
	if text := q.stderr.String(); text != "" {
		err = errors.New(text)
	}
	return fmt.Errorf("clients: %w", err)
}

// stop ends the clients first, so that it is they who close the connections.
func (q *quarter) stop() {
	if q.clients != nil {
		terminate(q.clients.Process)
		q.clients.Wait()
	}
	q.server.stop()
}
