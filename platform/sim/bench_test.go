package sim_test

import (
	"context"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// A pinger reads and writes by turns, as many steps as there are left for all.
type pinger struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [16]byte
	left *int
	read bool
}

func (p *pinger) Allocator() allocator.Allocator[ops.Operation] { return &p.slot }

func (p *pinger) Complete(_ int, err error) {
	if *p.left--; *p.left <= 0 {
		p.conn.Proactor().Stop()
		return
	}
	if err == nil { // else there were no buffers
		p.read = !p.read
	}
	if p.read {
		p.conn.Read(p.buf[:], p)
	} else {
		p.conn.Write(p.buf[:1], p)
	}
}

// A step is an operation and its handler. Each connection has two chains, of
// which one writes and the other reads, so that all of them go on. In a storm
// nothing is reset, or there would soon be nothing left to measure.
func BenchmarkStep(b *testing.B) {
	stormy := sim.Stormy()
	stormy.Reset = 0
	for _, test := range []struct {
		name    string
		chooser sim.Chooser
		weather sim.Weather
		options []sim.Option
	}{
		{name: "calm", chooser: sim.Calm},
		{name: "stormy", chooser: sim.Seeded(1), weather: stormy},
		{name: "stormy observed", chooser: sim.Seeded(1), weather: stormy, options: []sim.Option{sim.WithObserver(func(sim.Event) {})}},
	} {
		b.Run(test.name, func(b *testing.B) {
			w := sim.New(test.chooser, append(test.options, sim.WithWeather(test.weather), sim.Alone())...)
			p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			steps := 1 << 30
			l, _ := p.Listen("tcp", "127.0.0.1:0")
			var ends [16]pinger
			for i := range ends {
				ends[i].left = &steps
				for again := true; again; {
					h := ops.HandlerFunc(func(_ int, err error) { again = err != nil; p.Stop() })
					if i%2 == 0 {
						p.Connect(&ends[i].conn, "tcp", l.Addr().String(), h)
					} else {
						l.Accept(&ends[i].conn, h)
					}
					p.Run(context.Background())
				}
			}
			for i := range ends {
				ends[i].read = i%2 == 0
				ends[i].Complete(0, nil)
			}
			steps = b.N
			b.ReportAllocs()
			b.ResetTimer()
			p.Run(context.Background())
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
