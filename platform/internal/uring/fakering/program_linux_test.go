package fakering

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A program is what a client does with a ring, and with the other ends of its streams.
type program struct {
	socket  string // what the stream is: unix, tcp, or packets
	entries uint32 // of the ring
	packed  bool   // buffers are filled one message behind the other
	racy    bool   // what is cancelled or closed may be under way
	steps   []step
}

// A step is one thing that it does.
type step struct {
	what string
	n    int
}

func (p program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d entries, packed %v, racy %v:", p.socket, p.entries, p.packed, p.racy)
	for _, s := range p.steps {
		fmt.Fprintf(&b, " %s", s.what)
		if s.n != 0 {
			fmt.Fprintf(&b, " %d", s.n)
		}
		b.WriteByte(';')
	}
	return b.String()
}

// drawProgram draws a program whose results depend on the rules of a ring alone; unless it
// is racy, they are determined.
func drawProgram(seed uint64) program {
	random := rand.New(rand.NewPCG(seed, 1))
	p := program{
		socket:  []string{"unix", "unix", "tcp", "packets"}[random.IntN(4)],
		entries: []uint32{64, 64, 4}[random.IntN(3)],
		packed:  random.IntN(2) == 0,
		racy:    random.IntN(3) == 0,
	}
	verbs := map[string][]string{
		"unix": {"bring", "bring", "receive", "receive at last", "receive vectored", "receive many", "receive some",
			"send", "send vectored", "poll in", "poll out", "polls", "cancel", "cancel all", "half-close", "close peer", "close own",
			"write file", "read file", "sync", "no file", "not a socket"},
		"tcp":     {"bring", "bring", "receive", "receive at last", "receive vectored", "receive many", "receive some", "poll in", "cancel", "half-close", "accept", "connect", "refused"},
		"packets": {"bring", "bring", "receive packet", "receive packet", "send packet", "poll in", "cancel"},
	}[p.socket]
	sizes := []int{1, 10, 31, 32, 100, 600, 2000}
	for range 4 + random.IntN(10) {
		s := step{what: verbs[random.IntN(len(verbs))]}
		if !p.racy && s.what != "bring" {
			p.steps = append(p.steps, step{what: "settle"})
		}
		switch s.what {
		case "cancel":
			s.n = random.IntN(8)
		case "bring", "receive", "receive at last", "receive vectored", "receive some", "send", "send vectored", "receive packet", "send packet", "write file", "read file":
			s.n = sizes[random.IntN(len(sizes))]
		}
		p.steps = append(p.steps, s)
		// What a step does depends on what has ended before.
		if !p.racy && s.what != "bring" || random.IntN(2) == 0 {
			p.steps = append(p.steps, step{what: "settle"})
		}
	}
	p.steps = append(p.steps, step{what: "settle"})
	return p
}
