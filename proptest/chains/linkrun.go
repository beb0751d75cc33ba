package chains

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/platform"
)

// A linkRun is a link of a program that is being run: a connection between two chains, or
// four with full duplex.
type linkRun struct {
	Link
	run      *run
	index    int
	listener *platform.Listener
	users    users // of the listener: the ends, and who cancels what it has
	deadline deadline
	address  string
	ends     [2]*end // of connect, of accept
	streams  [2]int  // where in the pattern the bytes from each end begin

	// broken: somebody has aborted it, or may have given up an attempt to
	// connect. From then on its operations may fail.
	broken atomic.Bool
}

// An end is one end of a link.
type end struct {
	link    *linkRun
	number  int
	conn    *platform.Conn // from the first attempt to open it on
	before  *end           // whose Conn it is, or nil
	chains  atomic.Int32   // that have not left it
	users   users          // of the Conn: all chains as one, and who cancels what it has
	over    *gate          // opened when the Conn was disposed of
	cancels *cancels       // shared by those whose Conn is the same and was kept

	deadlines [2]*deadline // by backend.Side

	sent, received int // bytes, by the chain that writes and the one that reads
}

// cancels tells whether something may have been cancelled in a span of time.
type cancels struct{ begun, done atomic.Int64 }

func (c *cancels) cancel(f func()) {
	c.begun.Add(1)
	f()
	c.done.Add(1)
}

// listen makes the links of a program.
func (r *run) listen() error {
	for i, plan := range r.program.Links {
		l := &linkRun{Link: plan, run: r, index: i, streams: [2]int{2 * i * 7919, (2*i + 1) * 7919}}
		for n := range l.ends {
			e := &end{link: l, number: n, over: r.newGate(), cancels: new(cancels)}
			e.deadlines = [2]*deadline{new(deadline), new(deadline)}
			if plan.Reuse {
				e.before = r.links[i-1].ends[n]
			}
			e.chains.Store(1)
			e.users.n.Store(1)
			e.users.last = func() { r.disposeConn(e) }
			if e.before != nil && e.before.disposal() == Kept {
				e.shareConn()
			}
			l.ends[n] = e
		}
		l.users.n.Store(int32(len(l.ends)))
		l.users.last = func() { r.disposeListener(l) }
		if err := r.openListener(l); err != nil {
			return fmt.Errorf("chains: %w", err)
		}
		l.broken.Store(r.program.fragile(i))
		r.links = append(r.links, l)
	}
	return nil
}

// shareConn has what is known of the Conn of the end before, which this one opens again as
// it is. Who still cancels what that end had uses the Conn of this one.
func (e *end) shareConn() {
	b := e.before
	e.cancels, e.deadlines = b.cancels, b.deadlines
	e.users.n.Add(1)
	dispose := b.users.last
	b.users.last = func() {
		dispose()
		e.users.leave()
	}
}

// openListener opens the listener of a link. Where there are no unix sockets tcp
// serves instead.
func (r *run) openListener(l *linkRun) (err error) {
	if l.Network == "unix" && r.world != nil {
		l.address = fmt.Sprintf("/link%d", len(r.links))
		l.listener, err = r.proactor.Listen(l.Network, l.address)
		return err
	}
	if l.Network == "unix" {
		dir, err := os.MkdirTemp("", "proptest")
		if err != nil {
			return err
		}
		r.cleanup = append(r.cleanup, func() { os.RemoveAll(dir) })
		l.address = filepath.Join(dir, "s")
		if l.listener, err = r.proactor.Listen(l.Network, l.address); err == nil {
			return nil
		}
		l.Network = "tcp"
	}
	if l.listener, err = r.proactor.Listen(l.Network, "127.0.0.1:0"); err == nil {
		l.address = l.listener.Addr().String()
	}
	return err
}

// fragile reports whether the connect of a link may be cancelled. The listener
// may have got that connection already. Then an accept finds a connection that
// has ended.
func (p Program) fragile(link int) bool {
	connects, cancelled := -1, make(map[int]bool)
	for i, c := range p.Chains {
		for _, s := range c.Steps {
			switch {
			case s.Kind == "cancel" && s.Chain != i:
				cancelled[s.Chain] = true
			case kindOf(s.Kind).connects && s.Link == link:
				connects = i
				cancelled[i] = cancelled[i] || s.Cancel != CancelNothing
			case s.Cancel == CancelAll && s.Link == link-1 && p.Links[link].Reuse && p.Links[link-1].Disposal[0] == Kept:
				cancelled[i] = true // one step too late, perhaps
			}
		}
	}
	return cancelled[connects]
}

// disposal is what becomes of the end's Conn.
func (e *end) disposal() Disposal { return e.link.Disposal[e.number] }

// open returns the Conn of the end, to be opened.
func (r *run) open(e *end) *platform.Conn {
	r.touchSessions()
	switch {
	case e.conn != nil: // another attempt
	case e.before == nil:
		e.conn = r.conns.take()
	case e.before.disposal() == Kept:
		e.conn = e.before.conn
	default:
		e.before.over.pass()
		e.conn = e.before.conn
		if e.before.disposal() == Elsewhere {
			r.second.leave(e.conn)
		} else if wrong := r.conns.reclaim(e.conn); wrong != "" {
			r.ledger.Fail(0, wrong)
			r.stop()
		}
	}
	return e.conn
}

// leave closes the end once all chains have left it.
func (e *end) leave() {
	e.link.touch()
	if e.chains.Add(-1) == 0 {
		e.conn.Close()
		e.link.users.leave()
		e.users.leave()
	}
}

// disposeConn disposes of the Conn of an end that nobody uses any more.
func (r *run) disposeConn(e *end) {
	r.touchSessions()
	how, conn := e.disposal(), e.conn
	what := fmt.Sprintf("the Conn of the %s of link %d", [...]string{"connect", "accept"}[e.number], e.link.index)
	r.apart(e.link.Apart, func() {
		defer e.over.open()
		if how == Elsewhere {
			r.second.enter(conn, &connGuest{conn: conn}, what)
			return
		}
		r.conns.dispose(conn, how, what)
	})
}

// disposeListener disposes of a listener that nobody uses any more.
func (r *run) disposeListener(l *linkRun) {
	if l.Disposal[1] == Kept {
		return
	}
	r.touchSessions()
	l.listener.Close()
	r.apart(l.Apart, func() {
		r.listeners.dispose(l.listener, l.Disposal[1].inPlace(), fmt.Sprintf("the Listener of link %d", l.index))
	})
}

// pattern is what every stream consists of, from some place on. It is random,
// so that bytes from elsewhere show.
var pattern = func() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, patternPeriod, patternPeriod+maxTransfer)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return append(b, b[:maxTransfer]...)
}()

const (
	patternPeriod = 1<<20 + 7
	maxTransfer   = 1 << 19
)

// stream returns n bytes of the pattern, from a place in a stream on.
func (l *linkRun) stream(from, at, n int) []byte {
	at = (l.streams[from] + at) % patternPeriod
	return pattern[at : at+n : at+n]
}

// outgoing returns what the chain has still to write in this step.
func (c *chainRun) outgoing() []byte { return c.end.link.stream(c.end.number, c.end.sent, c.left) }

// incoming returns where the chain reads to in this step.
func (c *chainRun) incoming() []byte { return c.buffer(c.left) }

// moved takes account of n bytes that a step has transferred, and returns what
// is wrong with them.
func (c *chainRun) moved(role role, n int) string {
	e := c.end
	if n < 0 || n > c.left {
		return fmt.Sprintf("transferred %d bytes of %d", n, c.left)
	}
	c.left -= n
	if role == sends {
		e.sent += n
		return ""
	}
	want := e.link.stream(1-e.number, e.received, n)
	got := c.buf[:n]
	e.received += n
	if bytes.Equal(got, want) {
		return ""
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Sprintf("the bytes read differ from those written, first at %d of the stream", e.received-n+i)
		}
	}
	return ""
}
