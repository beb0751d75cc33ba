package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A simulated guest says some lines, with pauses of up to six minutes, and listens until the
// server hangs up.
type simulated struct {
	conn   platform.Conn
	timer  platform.Timer
	random *rand.Rand
	number int
	said   int
	spoken time.Time
	in     [256]byte
	heard  []byte
	left   bool
	fault  error
}

func (g *simulated) come(p *platform.Proactor, address string) {
	g.timer.Init(p)
	p.Connect(&g.conn, "tcp", address, ops.HandlerFunc(func(_ int, err error) {
		if g.spoken = p.Now(); err != nil {
			g.left = true // it was not let in
			return
		}
		g.listen()
		g.say(fmt.Sprintf("%d\n", g.number))
	}))
}

func (g *simulated) say(line string) {
	ops.WriteFull(&g.conn, []byte(line), ops.HandlerFunc(func(n int, err error) {
		if n > 0 {
			g.spoken = g.conn.Proactor().Now()
		}
		if err != nil || g.said == 4 {
			return
		}
		g.timer.Wait(time.Duration(g.random.IntN(360))*time.Second, ops.HandlerFunc(func(int, error) {
			if !g.left {
				g.said++
				g.say(fmt.Sprintf("%d\n", g.said))
			}
		}))
	}))
}

func (g *simulated) listen() {
	g.conn.Read(g.in[:], ops.HandlerFunc(func(n int, err error) {
		if g.heard = append(g.heard, g.in[:n]...); err == nil {
			g.listen()
			return
		}
		quiet := g.conn.Proactor().Now().Sub(g.spoken)
		g.left = true
		g.conn.Close()
		if quiet > defaultLimits.silence+time.Minute {
			g.fault = fmt.Errorf("guest %d was silent for %v before it was sent away", g.number, quiet)
		}
	}))
}

// check returns what is wrong with what the guest has heard: what nobody said, or in another
// order.
func (g *simulated) check() error {
	if g.fault != nil {
		return g.fault
	}
	if !g.left {
		return fmt.Errorf("guest %d is still there", g.number)
	}
	next := make(map[int]int)
	for line := range bytes.Lines(g.heard) {
		var from, said int
		switch n, _ := fmt.Sscanf(string(line), "%d: %d", &from, &said); {
		case !bytes.HasSuffix(line, []byte("\n")): // the connection was reset in its middle
		case line[0] == '*':
		case n != 2 || from == g.number || said <= next[from]:
			return fmt.Errorf("guest %d has heard %q after %q", g.number, line, g.heard)
		default:
			next[from] = said
		}
	}
	return nil
}

// evening has five guests in a room on a network that the seed decides about. It returns how many
// messages there were.
func evening(t *testing.T, seed uint64) (heard int) {
	w := sim.New(sim.Seeded(seed), sim.WithWeather(sim.Stormy()), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	l, err := p.Listen("tcp", "10.0.0.1:6667")
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom(p, defaultLimits)
	r.acceptor.OnError = nil
	ended := false
	r.open(l, ops.HandlerFunc(func(int, error) { ended = true }))
	all := make([]*simulated, 5)
	for i := range all {
		all[i] = &simulated{number: i, random: rand.New(rand.NewPCG(seed, uint64(i)))}
		all[i].come(p, "10.0.0.1:6667")
	}
	p.NewTimer().Wait(2*time.Hour, ops.HandlerFunc(func(int, error) { r.acceptor.Close() }))
	if err := p.Run(context.Background()); err != nil { // until nobody waits for anything
		t.Fatal(err)
	}
	for _, g := range all {
		if err := g.check(); err != nil {
			t.Error(err)
		}
	}
	if !ended || len(r.present) != 0 || r.acceptor.Live() != 0 {
		t.Errorf("ended: %v; %d guests are present of %d sessions", ended, len(r.present), r.acceptor.Live())
	}
	return r.heard
}

// TestEvenings runs the server through evenings of two hours, in bad weather. What fails is
// repeated exactly by its seed.
func TestEvenings(t *testing.T) {
	heard := 0
	for seed := range uint64(500) {
		if heard += evening(t, seed); t.Failed() {
			t.Fatalf("the seed is %d", seed)
		}
	}
	t.Logf("%d messages", heard)
	if heard < 1000 {
		t.Errorf("there were only %d messages", heard)
	}
}
