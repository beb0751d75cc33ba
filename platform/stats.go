package platform

import (
	"encoding/json"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// Stats are the figures of a running [Proactor], or the sums of those of a [Group]. Some
// describe a moment; others count from when the proactor was made, and never
// decrease. While the proactor runs, they may belong to slightly different moments.
type Stats struct {
	// Backend is the name of the kernel interface.
	Backend string `json:"backend"`

	// Conns, Listeners, PacketConns and Files are how many are open.
	Conns       int64 `json:"conns"`
	Listeners   int64 `json:"listeners"`
	PacketConns int64 `json:"packet_conns"`
	Files       int64 `json:"files"`

	// Outstanding is how many operations wait, by kind: for the kernel, for a time, or
	// for their turn on a socket.
	Outstanding KindCounts `json:"outstanding"`

	// Ready is how many operations, including posts, have ended whose handlers have
	// not returned yet. With a single runner, posts count once the runner has seen
	// them.
	Ready int64 `json:"ready"`

	// Timers is the length of the queue of timers: waits, operations with a timeout,
	// and one entry for each socket that has a deadline. Such an entry stays until its
	// time comes, even if the deadline is moved or removed before that.
	Timers int64 `json:"timers"`

	// Polls counts how often the kernel was asked what has completed, and Completions
	// counts the operations that it named. The more completions a poll finds, the less
	// each costs.
	Polls       int64 `json:"polls"`
	Completions int64 `json:"completions"`

	// Handlers counts the handlers that were called.
	Handlers int64 `json:"handlers"`

	// Parks counts the polls that had nothing to do but wait, and Wakes those that
	// another goroutine ended because it posted something.
	Parks int64 `json:"parks"`
	Wakes int64 `json:"wakes"`

	// Looks counts how often the proactor looked for completions for a while before a
	// park, and LooksPaid how often it found something; see [Spin].
	Looks     int64 `json:"looks"`
	LooksPaid int64 `json:"looks_paid"`

	// BlocksInUse is how many blocks of the default allocator are in use by
	// operations, and BlocksKept how many it keeps for later. With [WithAllocator],
	// BlocksInUse is the allocator's own count, if it counts like combinators.Stats,
	// and BlocksKept is 0.
	BlocksInUse int64 `json:"blocks_in_use"`
	BlocksKept  int64 `json:"blocks_kept"`
}

// Stats returns the figures of p. Any goroutine may call it at any time, even if there
// is a single runner, and after Close.
//
// It is meant to be called every few seconds: with several runners it takes the lock of
// each open socket once. A single runner updates the figures before it sleeps, when it
// leaves Run, and otherwise about every 100 µs, between handlers. So operations that
// are started while nobody runs such a proactor show up only when it is run. The
// numbers of sockets and blocks are always current.
func (p *Proactor) Stats() Stats {
	var f figures
	if p.single {
		f = p.published.read()
	} else {
		f = p.count()
	}
	s := Stats{
		Backend:     p.Backend(),
		Conns:       p.open[record.Stream].Load(),
		Listeners:   p.open[record.Listener].Load(),
		PacketConns: p.open[record.Packets].Load(),
		Files:       p.open[record.File].Load(),
		Outstanding: KindCounts(f[outstanding:]),
		Ready:       f.ready(),
		Timers:      f[timersWaiting],
		Polls:       f[polls],
		Completions: f[completions],
		Handlers:    f[handlers],
		Parks:       f[parks],
		Wakes:       p.wakes.Load(),
		Looks:       f[looks],
		LooksPaid:   f[looksPaid],
	}
	if p.blocks != nil {
		s.BlocksInUse, s.BlocksKept = p.blocks()
	}
	return s
}

// String returns the figures as a JSON object.
func (s Stats) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a struct of integers
	}
	return string(text)
}

// Var returns a value that implements expvar.Var: its String method returns the current
// figures as a JSON object.
//
//	expvar.Publish("proactor", p.Var())
//
// Its type is not expvar.Var, because importing expvar adds a handler to the default
// HTTP server.
func (p *Proactor) Var() fmt.Stringer { return variable(p.Stats) }

type variable func() Stats

func (v variable) String() string { return v().String() }

// Stats returns the sums of the figures of the group's proactors, each of which has its
// own; see [Proactor.Stats]. An allocator given with [WithAllocator] counts once.
func (g *Group) Stats() Stats {
	var sum Stats
	for i, p := range g.proactors {
		s := p.Stats()
		if i > 0 && p.sharesAllocator {
			s.BlocksInUse, s.BlocksKept = 0, 0
		}
		sum.add(&s)
	}
	return sum
}

// Var returns the sums of the figures as [Proactor.Var] returns the figures.
func (g *Group) Var() fmt.Stringer { return variable(g.Stats) }

func (s *Stats) add(o *Stats) {
	s.Backend = o.Backend
	for k, n := range o.Outstanding {
		s.Outstanding[k] += n
	}
	for _, f := range []struct{ sum, n *int64 }{
		{&s.Conns, &o.Conns}, {&s.Listeners, &o.Listeners}, {&s.PacketConns, &o.PacketConns}, {&s.Files, &o.Files},
		{&s.Ready, &o.Ready}, {&s.Timers, &o.Timers},
		{&s.Polls, &o.Polls}, {&s.Completions, &o.Completions}, {&s.Handlers, &o.Handlers},
		{&s.Parks, &o.Parks}, {&s.Wakes, &o.Wakes}, {&s.Looks, &o.Looks}, {&s.LooksPaid, &o.LooksPaid},
		{&s.BlocksInUse, &o.BlocksInUse}, {&s.BlocksKept, &o.BlocksKept},
	} {
		*f.sum += *f.n
	}
}

// KindCounts are numbers of operations, indexed by [ops.Kind]. In JSON they are an object
// whose keys are the names of the kinds.
type KindCounts [ops.Kinds]int64

// Total returns the number of operations of all kinds.
func (c KindCounts) Total() (n int64) {
	for _, k := range c {
		n += k
	}
	return n
}

// MarshalJSON implements json.Marshaler.
func (c KindCounts) MarshalJSON() ([]byte, error) {
	byName := make(map[string]int64, len(c))
	for k, n := range c {
		byName[ops.Kind(k).String()] = n
	}
	return json.Marshal(byName)
}
