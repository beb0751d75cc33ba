package platform

import (
	"sync"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// An Acceptor accepts the connections of a listener for as long as a server runs, and
// keeps track of the live sessions. A session, of type S, is what the program keeps for
// each connection: most often a struct with the [Conn], a buffer and the memory of its
// operations.
//
// Set the fields, which must not change afterwards, and call [Acceptor.Start]. For each
// connection the acceptor allocates a session, accepts into its Conn and calls Serve.
// The program ends the session with [Acceptor.Done], most often in the last handler of
// its chain. Its memory then serves the next session. The server ends with
// [Acceptor.Shutdown], or with [Acceptor.Drain] and [Acceptor.Close], which do not wait.
//
// An acceptor goes on after errors. If no descriptor or memory is free, it leaves the
// clients in the kernel's queue. It tries again when one of its sessions has ended, or
// else after 5 ms, 10 ms and so on, up to a second. It does the same after any other
// error, except one that means that no more connections will come; see Start.
//
// Any goroutine may call its methods; but if the proactor has a single runner, only the
// runner may call Start and Done. An Acceptor must not be copied. A server on a [Group]
// needs one for each listener.
type Acceptor[S any] struct {
	// Conn returns the connection in a session, always the same one and never
	// nil: func(s *session) *platform.Conn { return &s.conn }.
	Conn func(s *S) *Conn

	// Serve is called from a handler with each new session, whose connection is open.
	// It starts the first operation, or calls Done. The next accept is already
	// outstanding. So if several goroutines run the proactor, Serve and OnError may be
	// called again before an earlier call has returned.
	Serve func(s *S)

	// Max is the number of sessions that may be live at a time. Further clients stay
	// in the kernel's queue until one has ended. 0 means no limit.
	Max int

	// OnError, unless nil, is called from a handler with every error after which
	// the acceptor goes on. Use it for a log or a counter.
	OnError func(err error)

	handler  ops.Handler
	proactor *Proactor
	timer    Timer                                 // of the waits
	slot     combinators.SingleSlot[ops.Operation] // their memory
	memory   allocator.Allocator[ops.Operation]    // that of the accepts
	cancel   *ops.CancelSlot                       // of the handler, or nil
	unused   ops.CancelSlot                        // while it drains

	mu        sync.Mutex
	listener  *Listener // nil before Start
	sessions  allocator.Allocator[S]
	live      []*S // in no order, but the same order in the same run
	places    map[*S]int
	pending   *S // for the next connection
	accepting bool
	woken     bool // the wait was ended, but not by the program
	failures  int  // since the last connection

	stopped bool  // it accepts nothing more
	closing bool  // and closes the live sessions
	lost    bool  // it was abandoned
	err     error // why it has stopped, unless it was asked to
	over    chan struct{}
}

// Start accepts connections on l, which belongs to the acceptor from then on. Call it
// once.
//
// Sessions come from the allocator of S associated with h, or else from one that
// recycles over the Go heap. Calls of the allocator do not overlap. If it is exhausted,
// clients wait, as they do for a descriptor. The accepts take their memory from the
// allocator of [ops.Operation] associated with h, or else use the acceptor's own. One
// operation is outstanding at any time. Waiting for a session to end, or for a time to
// pass, needs no memory.
//
// The handler is called once the acceptor has closed the listener and its last session
// is done: with 0 and nil if the acceptor was asked to stop, otherwise with 0 and the
// reason. The reason is net.ErrClosed if the program closed the listener, and
// [ops.ErrCanceled] if it cancelled the accept. It is os.ErrDeadlineExceeded if no client
// came within the timeout of the handler. Otherwise it is an error of the system that
// means that the socket is not a listener.
func (a *Acceptor[S]) Start(l *Listener, h ops.Handler) {
	switch {
	case l == nil:
		panic("platform: Acceptor.Start: nil Listener")
	case h == nil:
		panic("platform: Acceptor.Start: nil Handler")
	case a.Conn == nil || a.Serve == nil:
		panic("platform: Acceptor.Start: Conn and Serve must be set")
	case a.Max < 0:
		panic("platform: Acceptor.Start: Max is negative")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.listener != nil {
		panic("platform: Acceptor.Start was called before")
	}
	a.proactor = l.h.opened().proactorOf()
	a.proactor.mustBeRunner()
	a.listener, a.handler, a.cancel = l, h, ops.CancelSlotOf(h)
	a.timer.Init(a.proactor)
	a.memory = ops.AllocatorOf[ops.Operation](h, &a.slot)
	if a.sessions = ops.AllocatorOf[S](h, nil); a.sessions == nil {
		kept := recycled
		if a.Max > 0 {
			kept = a.Max
		}
		a.sessions = combinators.NewRecycling(allocator.Heap[S]{}, kept)
	}
	a.places = make(map[*S]int)
	a.over = make(chan struct{})
	a.wait(0) // and the first turn is taken in a handler, as the others are
}

// Done ends a session: it closes the connection, if that is open, and releases the
// session, which must not be used any more. No operation may be outstanding on the
// connection, and no later handler may use the session. A buffered writer in the session
// must not have a write outstanding either; [ops.BufferedWriter] says how to wait for it.
//
// Done panics if s is not a live session of a, or if it detects that an operation is
// outstanding.
func (a *Acceptor[S]) Done(s *S) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.places[s]; !ok {
		panic("platform: Acceptor.Done: no session of it that lives; was it done before?")
	}
	c := a.Conn(s)
	if c.h.outstanding() {
		panic("platform: Acceptor.Done: an operation is outstanding on the connection")
	}
	c.Close()
	a.remove(s)
	if !a.stopped || len(a.live) == 0 {
		a.wake()
	}
}

// Live returns the number of live sessions.
func (a *Acceptor[S]) Live() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.live)
}

// add makes s a live session. The caller holds the lock.
func (a *Acceptor[S]) add(s *S) {
	a.places[s] = len(a.live)
	a.live = append(a.live, s)
}

// remove releases a live session. The caller holds the lock.
func (a *Acceptor[S]) remove(s *S) {
	i, last := a.places[s], len(a.live)-1
	moved := a.live[last]
	a.live[i], a.places[moved] = moved, i
	a.live[last] = nil
	a.live = a.live[:last]
	delete(a.places, s)
	allocator.Delete(a.sessions, s)
}
