// Simulated has the server of package waiting serve connections on a simulated network. Both
// ends of all of them are in this process. It prints what they cost as a line of JSON. The
// deadline of each is armed, and one in a hundred sends something each second.
//
// The proactor, the sessions, the operations and their deadlines are those that serve real
// connections. The sockets are not: what the kernel would keep for one is in the heap of this
// process, and counts. Time is virtual, so a minute takes only as long as handling its messages.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"github.com/heirloom-go/heirloom/examples/compare/waiting"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

func main() {
	log.SetFlags(0)
	n := flag.Int("connections", 1_000_000, "how many connections")
	seconds := flag.Int("seconds", 5, "for how many seconds of the simulated time they speak")
	flag.Parse()
	if *n < 1 || *seconds < 1 {
		log.Fatal("simulated: -connections and -seconds want numbers from 1")
	}
	r, err := run(*n, *seconds)
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
}

// idle is the deadline of a connection, which is armed whenever it waits.
const idle = 10 * time.Minute

// A report is what the connections cost.
type report struct {
	Connections int     `json:"connections"`
	Messages    int     `json:"messages"`
	HeapBytes   float64 `json:"heap_bytes"`  // of a connection: both ends, and what stands for the kernel
	MessageNs   float64 `json:"message_ns"`  // of real time, for both ends
	GCPauseNs   uint64  `json:"gc_pause_ns"` // the longest, also of the collections that measuring took
}

func run(n, seconds int) (report, error) {
	var before, connected, after runtime.MemStats
	collect(&before)
	s, err := newSimulation(n)
	if err != nil {
		return report{}, err
	}
	defer s.proactor.Close()
	if err := s.run(func() { s.connect() }); err != nil {
		return report{}, err
	}
	collect(&connected)
	began := time.Now()
	if err := s.run(func() { s.speak(seconds) }); err != nil {
		return report{}, err
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return report{
		Connections: n,
		Messages:    s.answered,
		HeapBytes:   max(0, float64(connected.HeapAlloc)-float64(before.HeapAlloc)) / float64(n),
		MessageNs:   float64(took.Nanoseconds()) / float64(s.answered),
		GCPauseNs:   longestPause(&before, &after),
	}, nil
}

// collect reads the figures of a heap that has no garbage.
func collect(m *runtime.MemStats) {
	runtime.GC()
	runtime.GC() // what is in a pool goes in the second
	runtime.ReadMemStats(m)
}

// longestPause returns the longest pause between two readings, of those that the runtime has
// kept.
func longestPause(from, to *runtime.MemStats) (longest uint64) {
	for cycle := max(from.NumGC, to.NumGC-min(to.NumGC, uint32(len(to.PauseNs)))) + 1; cycle <= to.NumGC; cycle++ {
		longest = max(longest, to.PauseNs[(cycle+255)%256])
	}
	return longest
}

// A simulation is a server and its clients.
type simulation struct {
	proactor *platform.Proactor
	server   waiting.Server
	address  string
	random   *rand.Rand
	clients  []client

	left     int // operations until the phase is over
	failed   error
	messages int // that are to be sent yet
	answered int
	every    time.Duration
	timer    platform.Timer
}

func newSimulation(n int) (*simulation, error) {
	w := sim.New(sim.Seeded(1), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		return nil, err
	}
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.Close()
		return nil, err
	}
	s := &simulation{proactor: p, address: l.Addr().String(), random: rand.New(rand.NewPCG(1, 1)), clients: make([]client, n)}
	s.server.Idle = idle
	s.server.Serve(l, ops.HandlerFunc(func(_ int, err error) { s.end(err) }))
	s.timer.Init(p)
	return s, nil
}

// run runs what begin starts, until it is over.
func (s *simulation) run(begin func()) error {
	ops.Post(s.proactor, ops.HandlerFunc(func(int, error) { begin() }))
	if err := s.proactor.Run(context.Background()); err != nil {
		return err
	}
	return s.failed
}

// done says that one of the operations of the phase is over.
func (s *simulation) done(err error) {
	if err != nil {
		s.end(err)
		return
	}
	if s.left--; s.left == 0 {
		s.end(nil)
	}
}

func (s *simulation) end(err error) {
	s.failed = err
	s.proactor.Stop()
}

// connect opens all connections, one after another: a listener's queue is short.
func (s *simulation) connect() {
	s.left = len(s.clients)
	s.clients[0].connect(s)
}

// speak has one in a hundred clients speak each second, evenly spread.
func (s *simulation) speak(seconds int) {
	second := max(1, len(s.clients)/100)
	s.messages, s.left = second*seconds, second*seconds
	s.every = time.Second / time.Duration(second)
	s.next()
}

// next has a client speak that does not already.
func (s *simulation) next() {
	c := &s.clients[s.random.IntN(len(s.clients))]
	for c.speaking {
		c = &s.clients[s.random.IntN(len(s.clients))]
	}
	c.speak(s)
	if s.messages--; s.messages > 0 {
		s.timer.Wait(s.every, (*onTime)(s))
	}
}

type onTime simulation

func (s *onTime) Complete(_ int, err error) {
	if err != nil {
		(*simulation)(s).end(err)
		return
	}
	(*simulation)(s).next()
}

// A client is the other end of a connection.
type client struct {
	conn     platform.Conn
	speaking bool
}

func (c *client) connect(s *simulation) {
	s.proactor.Connect(&c.conn, "tcp", s.address, ops.HandlerFunc(func(_ int, err error) {
		if err == nil && s.left > 1 {
			s.clients[len(s.clients)-s.left+1].connect(s)
		}
		s.done(err)
	}))
}

// message is how many bytes a client says.
const message = 64

// speak says something and reads the answer.
func (c *client) speak(s *simulation) {
	c.speaking = true
	buf := make([]byte, message)
	ops.WriteFull(&c.conn, buf, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			s.end(err)
			return
		}
		ops.ReadFull(&c.conn, buf, ops.HandlerFunc(func(_ int, err error) {
			c.speaking = false
			s.answered++
			s.done(err)
		}))
	}))
}
