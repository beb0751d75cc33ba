package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// silence is how long a client of the chat may say nothing.
const silence = 5 * time.Minute

// A chat is a server that passes on each line that a client sends to all the others.
type chat struct {
	listener *platform.Listener
	present  map[*visitor]bool
}

type visitor struct {
	conn platform.Conn
	in   [64]byte
	n    int // bytes in in, of a line that has not ended
	out  *ops.WriteQueue
}

func (c *chat) accept() {
	v := new(visitor)
	c.listener.Accept(&v.conn, ops.HandlerFunc(func(_ int, err error) {
		if err == nil {
			v.out = ops.NewWriteQueue(&v.conn, 4096)
			c.present[v] = true
			c.read(v)
		}
		if !errors.Is(err, net.ErrClosed) {
			c.accept()
		}
	}))
}

func (c *chat) read(v *visitor) {
	v.conn.Read(v.in[v.n:], ops.WithTimeout(ops.HandlerFunc(func(n int, err error) {
		if err != nil { // has gone, or was silent
			c.leave(v)
			return
		}
		v.n += n
		for {
			end := bytes.IndexByte(v.in[:v.n], '\n') + 1
			if end == 0 {
				break
			}
			c.tell(v, bytes.Clone(v.in[:end]))
			v.n = copy(v.in[:], v.in[end:v.n])
		}
		c.read(v)
	}), silence))
}

func (c *chat) tell(from *visitor, line []byte) {
	for v := range c.present {
		if v != from {
			v.out.Write(line, ops.HandlerFunc(func(_ int, err error) {
				if err != nil {
					c.leave(v) // a visitor who has missed something must not hear the rest
				}
			}))
		}
	}
}

func (c *chat) leave(v *visitor) {
	delete(c.present, v)
	v.conn.Close()
}

// A talker says three things, with random pauses, and stays until the server hangs up.
type talker struct {
	conn   platform.Conn
	number int
	random *rand.Rand
	timer  platform.Timer
	p      *platform.Proactor
	spoken time.Time // when it connected, or said something last
	said   int
	in     [256]byte
	heard  []byte
	left   bool
}

func (g *talker) come(address string) {
	g.p.Connect(&g.conn, "tcp", address, ops.HandlerFunc(func(_ int, err error) {
		if g.spoken = g.p.Now(); err != nil {
			g.left = true // it was not let in
			return
		}
		g.listen()
		g.speak()
	}))
}

func (g *talker) speak() {
	g.timer.Wait(time.Duration(g.random.IntN(6))*time.Minute, ops.HandlerFunc(func(int, error) {
		if g.said == 3 || g.left {
			return
		}
		ops.WriteFull(&g.conn, fmt.Appendf(nil, "%d: line %d\n", g.number, g.said), ops.HandlerFunc(func(n int, err error) {
			if n > 0 {
				g.spoken = g.p.Now()
			}
			if err == nil {
				g.said++
				g.speak()
			}
		}))
	}))
}

func (g *talker) listen() {
	g.conn.Read(g.in[:], ops.HandlerFunc(func(n int, err error) {
		if g.heard = append(g.heard, g.in[:n]...); err == nil {
			g.listen()
			return
		}
		g.left = true
		g.conn.Close()
		if quiet := g.p.Now().Sub(g.spoken); quiet > silence+time.Second {
			panic(fmt.Sprintf("guest %d was quiet for %v before the server has hung up", g.number, quiet))
		}
	}))
}

// check panics if the guest has heard something that nobody said, or in another order than
// it was said in.
func (g *talker) check() {
	next := make(map[int]int)
	for line := range bytes.Lines(g.heard) {
		var from, said int
		if !bytes.HasSuffix(line, []byte("\n")) {
			return // the connection was reset
		}
		if _, err := fmt.Sscanf(string(line), "%d: line %d\n", &from, &said); err != nil || from == g.number || said < next[from] {
			panic(fmt.Sprintf("guest %d has heard %q after %q", g.number, line, g.heard))
		}
		next[from] = said + 1
	}
}

// evening runs a chat with four guests in a storm that the seed decides: now and then,
// whatever can be cut in two, delayed, refused or reset is.
func evening(seed uint64) {
	w := sim.New(sim.Seeded(seed), sim.WithWeather(sim.Stormy()), sim.Alone())
	p, err := platform.New(platform.WithCustomBackend(w.Backend), platform.SingleRunner())
	if err != nil {
		panic(err)
	}
	defer p.Close()
	c := &chat{present: make(map[*visitor]bool)}
	if c.listener, err = p.Listen("tcp", "10.0.0.1:6667"); err != nil {
		panic(err)
	}
	c.accept()
	guests := make([]*talker, 4)
	for i := range guests {
		g := &talker{p: p, number: i, random: rand.New(rand.NewPCG(seed, uint64(i)))}
		g.timer.Init(p)
		guests[i] = g
		g.come("10.0.0.1:6667")
	}
	var end platform.Timer
	end.Init(p)
	end.Wait(time.Hour, ops.HandlerFunc(func(int, error) { c.listener.Close() }))
	if err := p.Run(context.Background()); err != nil { // until nobody waits for anything
		panic(err)
	}
	for _, g := range guests {
		if g.check(); !g.left {
			panic(fmt.Sprintf("guest %d is still there", g.number))
		}
	}
	if len(c.present) != 0 {
		panic("the server still serves somebody")
	}
}

// A chat server with timeouts of five minutes is tested through 500 evenings of an hour
// each, in about a second. The seed of a failure repeats it exactly.
func Example_chat() {
	for seed := range uint64(500) {
		evening(seed)
	}
	fmt.Println("500 seeds")
	// Output: 500 seeds
}
