package sim_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

var discard = netip.MustParseAddrPort("127.0.0.1:9")

// A program for a proactor runs unchanged in a simulated world. Here a timeout
// of an hour takes no time.
func ExampleWorld() {
	w := sim.New(sim.Seeded(1), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()

	c, _ := p.ListenPacket("udp", "127.0.0.1:53")
	nobodySends := ops.HandlerFunc(func(n int, err error) { fmt.Println(n, err) })
	c.ReadFrom(make([]byte, 512), nil, ops.WithTimeout(nobodySends, time.Hour))
	p.Run(context.Background())
	fmt.Println("virtual time:", w.Now().Round(time.Second))
	// Output:
	// 0 i/o timeout
	// virtual time: 1h0m0s
}

// Several proactors share a world. Run lets them take turns.
func ExampleWorld_Run() {
	w := sim.New(sim.Seeded(1))
	server, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	client, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())

	l, _ := server.Listen("tcp", "10.0.0.1:80")
	var accepted, connected platform.Conn
	buf := make([]byte, 5)
	l.Accept(&accepted, ops.HandlerFunc(func(int, error) {
		ops.ReadFull(&accepted, buf, ops.HandlerFunc(func(_ int, err error) {
			fmt.Printf("the server has read %s, %v\n", buf, err)
		}))
	}))
	client.Connect(&connected, "tcp", "10.0.0.1:80", ops.HandlerFunc(func(int, error) {
		ops.WriteFull(&connected, []byte("hello"), ops.HandlerFunc(func(n int, err error) {}))
	}))
	fmt.Println(w.Run(server, client))
	// Output:
	// the server has read hello, <nil>
	// <nil>
}

// oneByte makes every partial transfer as small as it can be.
type oneByte struct{}

func (oneByte) Choose(n int, what string) int {
	if what == "how much less" {
		return n - 1
	}
	return 0
}

func ExampleChooser() {
	w := sim.New(oneByte{}, sim.WithWeather(sim.Weather{Partial: 1}), sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	defer p.Close()
	l, _ := p.Listen("unix", "/virtual")
	var c platform.Conn
	p.Connect(&c, "unix", "/virtual", ops.HandlerFunc(func(int, error) {
		c.Write([]byte("hello"), ops.HandlerFunc(func(n int, err error) {
			fmt.Println("written:", n, err)
		}))
	}))
	p.Run(context.Background())
	l.Close()
	// Output:
	// written: 1 <nil>
}

// In this weather many packets are lost, and some arrive twice.
func ExampleWeather() {
	weather := sim.Weather{Loss: 2, Duplicate: 4}
	w := sim.New(sim.Seeded(4), sim.WithWeather(weather), sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	defer p.Close()

	from, _ := p.ListenPacket("udp", "127.0.0.1:0")
	to, _ := p.ListenPacket("udp", "127.0.0.1:9")
	for i := range 5 {
		ignore := ops.HandlerFunc(func(int, error) {})
		from.WriteTo([]byte{byte(i)}, discard, ignore)
	}
	buf := make([]byte, 1)
	var read ops.HandlerFunc
	read = func(_ int, err error) {
		if err == nil {
			fmt.Println("packet", buf[0])
			to.ReadFrom(buf, nil, ops.WithTimeout(read, time.Second))
		}
	}
	to.ReadFrom(buf, nil, ops.WithTimeout(read, time.Second))
	p.Run(context.Background())
	// Output:
	// packet 1
	// packet 2
	// packet 3
	// packet 4
	// packet 4
}

// Test a checker: give it a wrong backend.
func ExampleFaults() {
	w := sim.New(sim.Calm, sim.WithFaults(sim.Faults{LateWrite: true}), sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	defer p.Close()
	c, _ := p.ListenPacket("udp", "127.0.0.1:9")
	buf := []byte("unchanged")
	c.ReadFrom(buf, nil, ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("read %d, %v: %s\n", n, err, buf)
	}))
	c.WriteTo([]byte("data"), discard, ops.HandlerFunc(func(int, error) {}))
	p.Run(context.Background())
	// Output:
	// read 4, <nil>: unchanged
}

// The kernel's side of what a program does.
func ExampleEvent() {
	w := sim.New(sim.Calm, sim.WithObserver(func(e sim.Event) { fmt.Println(e) }), sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	c, _ := p.ListenPacket("udp", "127.0.0.1:9")
	ignore := ops.HandlerFunc(func(int, error) {})
	c.ReadFrom(make([]byte, 8), nil, ignore)
	c.ReadFrom(make([]byte, 8), nil, ops.WithTimeout(ignore, time.Second))
	c.WriteTo([]byte("data"), discard, ignore)
	p.Run(context.Background())
	p.Close()
	// Output:
	// 0s socket 1: opened
	// 0s socket 1: read from 1 started
	// 0s socket 1: write to 2 started
	// 1µs socket 1: write to 2 done 4
	// 1µs socket 1: write to 2 completed 4
	// 2µs socket 1: read from 1 done 4
	// 2µs socket 1: read from 1 completed 4
	// 2µs socket 1: read from 3 started
	// 1s slept
	// 1s socket 1: read from 3 released
	// 1s socket 1: closed
}

// Count how many stale completions have come, and have missed.
func ExampleWhat() {
	seen := map[sim.What]int{}
	count := sim.WithObserver(func(e sim.Event) { seen[e.What]++ })
	w := sim.New(sim.Calm, count, sim.WithWeather(sim.Weather{Stale: 1}), sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	c, _ := p.ListenPacket("udp", "127.0.0.1:9")
	for range 3 {
		c.WriteTo([]byte("data"), discard, ops.HandlerFunc(func(int, error) {}))
	}
	p.Run(context.Background())
	p.Close()
	fmt.Println(sim.Completed, seen[sim.Completed], sim.Missed, seen[sim.Missed], sim.Hit, seen[sim.Hit])
	// Output:
	// completed 3 missed 2 hit 0
}

// A wait that nothing can end is an error of the program.
func ExampleDeadlock() {
	w := sim.New(sim.Calm, sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	defer p.Close()
	l, _ := p.Listen("tcp", "127.0.0.1:80")
	l.Accept(new(platform.Conn), ops.HandlerFunc(func(int, error) {}))
	defer func() {
		d := recover().(*sim.Deadlock)
		fmt.Println(d)
	}()
	p.Run(context.Background())
	// Output:
	// sim: deadlock at 1µs: nothing can happen any more, and still outstanding are
	// 	accept 1 on socket 1 (127.0.0.1:80), started at 0s
}

// A test that takes too long says what it waits for.
func ExampleOutstanding() {
	w := sim.New(sim.Calm, sim.Alone())
	p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	defer p.Close()
	c, _ := p.ListenPacket("udp", "127.0.0.1:9")
	c.ReadFrom(make([]byte, 8), nil, ops.HandlerFunc(func(int, error) {}))
	for _, o := range w.Outstanding() {
		fmt.Println(o)
	}
	// Output:
	// read from 1 on socket 1 (127.0.0.1:9), started at 0s
}

// Keep a set of options for several worlds.
func ExampleOption() {
	storm := []sim.Option{sim.WithWeather(sim.Stormy()), sim.Alone()}
	for seed := range uint64(3) {
		w := sim.New(sim.Seeded(seed), storm...)
		p, _ := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
		p.NewTimer().Wait(time.Minute, ops.HandlerFunc(func(int, error) {
			fmt.Println("seed", seed, "after", w.Now().Round(time.Second))
		}))
		p.Run(context.Background())
		p.Close()
	}
	// Output:
	// seed 0 after 1m0s
	// seed 1 after 1m0s
	// seed 2 after 1m0s
}

// A first is a Scheduler in which what became possible last happens first.
type first struct{ sim.Chooser }

func (first) Next(events []uint64) int { return len(events) - 1 }
func (first) Touch(string, int)        {}

// With Interleave the Chooser decides what happens next, of all that can.
func ExampleScheduler() {
	w := sim.New(first{sim.Calm}, sim.Alone(), sim.WithWeather(sim.Weather{Interleave: true}))
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		panic(err)
	}
	for i := range 3 {
		f, err := p.OpenFile(fmt.Sprint(i), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			panic(err)
		}
		f.Sync(ops.HandlerFunc(func(int, error) { fmt.Println("file", i, "is safe") }))
	}
	p.Run(context.Background())
	// Output:
	// file 2 is safe
	// file 1 is safe
	// file 0 is safe
}

// A test that would hang for ever, because something that should go on was forgotten,
// panics after a moment.
func ExampleWithPatience() {
	w := sim.New(sim.Calm, sim.WithPatience(time.Millisecond))
	p, _ := platform.New(platform.WithCustomBackend(w.Backend))
	defer p.Close()
	hold := p.Hold()
	defer func() {
		_, stuck := recover().(*sim.Deadlock)
		fmt.Println("stuck:", stuck)
		hold.Release()
	}()
	p.Run(context.Background())
	// Output: stuck: true
}
