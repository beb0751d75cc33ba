package rediscover

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A World is a simulated network in which a program runs. All goroutines that use it are in
// the same bubble.
type World struct {
	netconn.Dialer
	Seed uint64

	t *testing.T
}

// run runs one program.
func run(t *testing.T, weather sim.Weather, seed uint64, property func(w *World)) {
	over := make(chan struct{})
	defer close(over)
	go watch(over)
	synctest.Test(t, func(t *testing.T) {
		network := sim.New(sim.Seeded(seed), sim.WithWeather(weather))
		p, err := platform.New(platform.WithCustomBackend(network.Backend))
		if err != nil {
			t.Fatal(err)
		}
		hold := p.Hold()
		ran := make(chan error)
		go func() { ran <- p.Run(context.Background()) }()
		property(&World{Dialer: netconn.Dialer{Proactor: p}, Seed: seed, t: t})
		time.Sleep(24 * time.Hour) // whoever only waits for a timeout may end
		hold.Release()
		p.Close()
		<-ran
	})
}

// Listen listens on an address, until the end of the program.
func (w *World) Listen(address string) net.Listener {
	l, err := netconn.Listen(w.Proactor, "tcp", address)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// Random returns what one goroutine of the program, the i-th, draws its choices from.
func (w *World) Random(i uint64) *rand.Rand { return rand.New(rand.NewPCG(w.Seed, i)) }

// Pause waits for up to d.
func Pause(r *rand.Rand, d time.Duration) { time.Sleep(time.Duration(r.Int64N(int64(d)))) }

// Violated says that the property does not hold, and ends the process.
func (w *World) Violated(format string, args ...any) {
	violated(fmt.Sprintf(format, args...))
}

// Within calls f, and the property is violated if it has not returned when d has passed.
func (w *World) Within(d time.Duration, what string, f func()) {
	over := make(chan struct{})
	go func() { defer close(over); f() }()
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-over:
	case <-late.C:
		w.Violated("%s has not ended after %v\n\n%s", what, d, inBubbles(stacks()))
	}
}

func violated(why string) {
	fmt.Printf("violated: %s\n", strings.TrimSpace(why))
	os.Exit(1)
}
