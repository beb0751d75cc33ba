package main

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/prometheus/client_golang/prometheus"
)

// A collector hands the figures of a proactor, or of a group, to Prometheus's client. It
// takes them when they are asked for, so all of one scrape are of one moment.
type collector struct {
	stats func() platform.Stats
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("heirloom_"+name, help, labels, nil)
}

// figures are those without a label.
var figures = []struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*platform.Stats) int64
}{
	{describe("ready_operations", "Operations that have ended and whose handlers have not returned."), prometheus.GaugeValue, func(s *platform.Stats) int64 { return s.Ready }},
	{describe("timers", "Operations that have a time at which they end."), prometheus.GaugeValue, func(s *platform.Stats) int64 { return s.Timers }},
	{describe("polls_total", "How often the kernel was asked what has completed."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.Polls }},
	{describe("completions_total", "Operations that polls have completed."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.Completions }},
	{describe("handlers_total", "Handlers that were called."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.Handlers }},
	{describe("parks_total", "Polls that had nothing to do but to wait."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.Parks }},
	{describe("wakes_total", "Polls that another goroutine has ended."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.Wakes }},
	{describe("looks_total", "How often it was looked for a while before a park."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.Looks }},
	{describe("looks_paid_total", "How often that has found something."), prometheus.CounterValue, func(s *platform.Stats) int64 { return s.LooksPaid }},
	{describe("blocks_in_use", "Blocks of the default allocator that operations have."), prometheus.GaugeValue, func(s *platform.Stats) int64 { return s.BlocksInUse }},
	{describe("blocks_kept", "Blocks that the default allocator keeps for later."), prometheus.GaugeValue, func(s *platform.Stats) int64 { return s.BlocksKept }},
}

var (
	backend     = describe("backend_info", "The kernel interface in use.", "backend")
	sockets     = describe("sockets", "Open sockets and files.", "class")
	outstanding = describe("outstanding_operations", "Operations that wait for the kernel, for a time or for their turn.", "kind")
)

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, f := range figures {
		out <- f.desc
	}
	out <- backend
	out <- sockets
	out <- outstanding
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, float64(n), labels...)
	}
	for _, f := range figures {
		send(f.desc, f.kind, f.of(&s))
	}
	send(backend, prometheus.GaugeValue, 1, s.Backend)
	send(sockets, prometheus.GaugeValue, s.Conns, "conn")
	send(sockets, prometheus.GaugeValue, s.Listeners, "listener")
	send(sockets, prometheus.GaugeValue, s.PacketConns, "packet conn")
	send(sockets, prometheus.GaugeValue, s.Files, "file")
	for kind, n := range s.Outstanding {
		send(outstanding, prometheus.GaugeValue, n, ops.Kind(kind).String())
	}
}
