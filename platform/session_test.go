package platform_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// An echoSession is one connection of an echo server. After its last handler its
// memory, with the Conn in it, is the program's.
type echoSession struct {
	of     *sessions
	conn   platform.Conn
	memory combinators.SingleSlot[ops.Operation]
	buf    [64]byte
	phase  phase
	slot   *ops.CancelSlot // lives longer than the session, or is nil
	limit  time.Duration
}

type phase byte

const (
	accepting phase = iota
	reading
	writing
	reopening
)

func (s *echoSession) Allocator() allocator.Allocator[ops.Operation] { return &s.memory }
func (s *echoSession) CancelSlot() *ops.CancelSlot                   { return s.slot }
func (s *echoSession) Timeout() time.Duration                        { return s.limit }

func (s *echoSession) Complete(n int, err error) {
	switch phase := s.phase; {
	case phase == accepting:
		if s.of.accept(); err != nil {
			s.of.over(s)
			return
		}
		s.phase, s.slot, s.limit = reading, s.of.takeSlot(), s.of.kind.limit
		s.conn.Read(s.buf[:], s)
	case err != nil, phase == reading && n < 8, phase == reopening:
		// The peer has left, it took too long, it was cancelled, or there is to
		// be no answer to so short a message.
		s.conn.Close()
		s.of.over(s)
	case phase == reading:
		s.phase = writing
		ops.WriteFull(&s.conn, s.buf[:n], s)
	default:
		s.phase = reading
		s.conn.Read(s.buf[:], s)
	}
}

// sessions is an echo server whose sessions are given back after their last
// handler.
type sessions struct {
	w        *world
	listener *platform.Listener
	pool     allocator.Allocator[echoSession]
	kind     sessionKind

	began, ended atomic.Int64
	stopping     atomic.Bool
	slots        [32]ops.CancelSlot
	free         chan *ops.CancelSlot // of these
	dirty        chan *echoSession    // for another goroutine to clear
	other        *reopener
	used         echoSession // which was connected and is closed
}

// A sessionKind is a way to end a session and to give its memory back.
type sessionKind struct {
	name    string
	limit   time.Duration
	cancels bool                 // somebody cancels, most of the time too late
	before  func(*echoSession)   // called in the last handler before the memory is given back
	elsehow func(s *echoSession) // gives it back instead, elsewhere
	needs   func(*sessions)      // called before the first session
}

var sessionKinds = []sessionKind{
	{name: "recycled"},
	{name: "recycled, with timeouts", limit: 200 * time.Microsecond},
	{name: "recycled, with late cancels", cancels: true},
	{name: "cleared", before: func(s *echoSession) { *s = echoSession{} }},
	{
		name:   "copied over",
		before: func(s *echoSession) { overwrite(s, &s.of.used) },
		needs: func(e *sessions) {
			other := e.w.mode.open(e.w.t)
			var peer platform.Conn
			other.join(&e.used.conn, &peer)
			e.used.conn.Close()
			peer.Close()
			other.run()
		},
	},
	{
		name:    "cleared by another goroutine",
		elsehow: func(s *echoSession) { s.of.dirty <- s },
		needs: func(e *sessions) {
			e.dirty = make(chan *echoSession, 64)
			go func() {
				for s := range e.dirty {
					*s = echoSession{}
					e.giveBack(s)
				}
			}()
		},
	},
	{
		name:    "reopened on another proactor",
		elsehow: func(s *echoSession) { s.of.other.reopen(s) },
		needs:   func(e *sessions) { e.other = newReopener(e.w) },
	},
}

// TestSessions has an echo server end many sessions while their clients write,
// leave and reset the connection, and use the memory of each again at once.
func TestSessions(t *testing.T) {
	const clients = 8
	for _, kind := range sessionKinds {
		t.Run(kind.name, func(t *testing.T) {
			for _, m := range modesAndFakes() {
				if kind.cancels && m.runners == 0 {
					continue // nobody else may cancel
				}
				visits := 60
				if m.runners == 0 {
					visits = 20 // nothing happens at the same time
				}
				t.Run(m.String(), func(t *testing.T) { m.open(t).serveSessions(kind, clients, visits) })
			}
		})
	}
}

func (w *world) serveSessions(kind sessionKind, clients, visits int) {
	w.t.Helper()
	e := &sessions{w: w, kind: kind, listener: w.listen("tcp", "127.0.0.1:0")}
	e.pool = combinators.NewThreadSafe(combinators.NewRecycling[echoSession](allocator.Heap[echoSession]{}, 64))
	e.free = make(chan *ops.CancelSlot, len(e.slots))
	for i := range e.slots {
		e.free <- &e.slots[i]
	}
	if kind.needs != nil {
		kind.needs(e)
	}
	for range 8 {
		e.accept()
	}

	var left, others sync.WaitGroup
	address := e.listener.Addr().String()
	for range clients {
		left.Go(func() {
			for range visits {
				visit(address)
			}
		})
	}
	others.Go(func() {
		left.Wait()
		e.stopping.Store(true)
		ops.Post(w, ops.HandlerFunc(func(int, error) { e.listener.Close() }))
	})
	if kind.cancels {
		others.Go(func() {
			for !e.stopping.Load() {
				for i := range e.slots {
					e.slots[i].Cancel()
				}
				time.Sleep(time.Microsecond) // and let others run
			}
		})
	}
	defer e.stopping.Store(true)
	w.goRun()()
	w.within("the clients, and who cancels,", others.Wait)
	if e.other != nil {
		e.other.end()
	}
	if e.dirty != nil {
		for e.ended.Load() < e.began.Load() { // the other goroutine is about to
			time.Sleep(time.Microsecond)
		}
		close(e.dirty)
	}
	if began, ended := e.began.Load(), e.ended.Load(); began != ended || began < int64(clients) {
		w.t.Errorf("%d sessions have begun and %d ended", began, ended)
	}
}

// visit connects, and says something or not, and waits for the answer or not.
func visit(address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	how := rand.IntN(6)
	if how < 4 {
		c.(*net.TCPConn).SetLinger(0)
	}
	for range how {
		c.Write([]byte("hello"))
	}
	if how == 3 || how == 5 {
		c.Write([]byte("long enough for an answer"))
		io.ReadFull(c, make([]byte, 25))
	}
}

// accept begins a session with the next client.
func (e *sessions) accept() {
	if e.stopping.Load() {
		return
	}
	s, err := allocator.New(e.pool)
	if err != nil {
		panic(err)
	}
	e.began.Add(1)
	*s = echoSession{of: e}
	e.listener.Accept(&s.conn, s)
}

func (e *sessions) takeSlot() *ops.CancelSlot {
	if !e.kind.cancels {
		return nil
	}
	select {
	case slot := <-e.free:
		return slot
	default:
		return nil
	}
}

// over is called in the last handler of a session.
func (e *sessions) over(s *echoSession) {
	if s.slot != nil {
		e.free <- s.slot
		s.slot = nil
	}
	if e.kind.elsehow != nil && s.phase != reopening {
		e.kind.elsehow(s)
		return
	}
	if e.kind.before != nil {
		e.kind.before(s)
	}
	e.giveBack(s)
}

func (e *sessions) giveBack(s *echoSession) {
	allocator.Delete(e.pool, s)
	e.ended.Add(1)
}

// overwrite makes *to what *from is, whatever it is.
func overwrite[T any](to, from *T) { *to = *from }

// A reopener connects the Conn of a session that has ended, on a proactor of its
// own.
type reopener struct {
	*world
	listener *platform.Listener
	address  string // of the listener, which may be closed
	wait     func()
}

func newReopener(w *world) *reopener {
	o := &reopener{world: w.mode.open(w.t)}
	o.listener = o.listen("tcp", "127.0.0.1:0")
	o.address = o.listener.Addr().String()
	var c platform.Conn
	var next ops.HandlerFunc
	next = func(_ int, err error) {
		if err == nil {
			c.Close()
		}
		if !errors.Is(err, net.ErrClosed) {
			o.listener.Accept(&c, next)
		}
	}
	o.listener.Accept(&c, next)
	o.wait = o.goRun()
	return o
}

func (o *reopener) reopen(s *echoSession) {
	ops.Post(o, ops.HandlerFunc(func(int, error) {
		s.phase = reopening
		o.Connect(&s.conn, "tcp", o.address, s)
	}))
}

// end waits for what was connected.
func (o *reopener) end() {
	ops.Post(o, ops.HandlerFunc(func(int, error) { o.listener.Close() }))
	o.wait()
}

// goRun has the world's runners run the proactor, and returns what waits until
// they have ended, as run does, but it also notices when they wait for a lock that
// nobody holds.
func (w *world) goRun() (wait func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, max(1, w.runners))
	for range cap(ended) {
		go func() {
			defer cancel()
			ended <- w.Run(ctx)
		}()
	}
	return func() {
		w.t.Helper()
		defer cancel()
		late := time.After(patience)
		for range cap(ended) {
			select {
			case err := <-ended:
				if err != nil && err != context.Canceled {
					w.t.Errorf("Run: %v", err)
				}
			case <-late:
				w.hung("Run")
			}
		}
	}
}
