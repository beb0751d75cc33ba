package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// noise is what is sent: bytes that repeat only after a while, so that those
// of another place, or of another connection, are seen to be wrong.
var noise = func() []byte {
	b := make([]byte, noisePeriod+maxMessage)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noisePeriod {
		b[i] = byte(rng.Uint32())
	}
	copy(b[noisePeriod:], b)
	return b
}()

const (
	noisePeriod = 1<<16 - 15
	maxMessage  = 32 << 10
)

// nobody is an address where nobody listens: below the ports that a system
// gives to those who ask for any.
const nobody = "127.0.0.1:1"

// A trial is the life of one proactor: clients and servers in it do to each
// other what they can, until everything ends by itself or the proactor is
// closed with all that is outstanding.
type trial struct {
	*tally
	config
	proactor *platform.Proactor

	operationsOf []*source[ops.Operation]
	buffers      []*source[byte]
	sessionsFrom *source[session]
	turns        int // at operationsOf
	made         int // sides

	listeners []*platform.Listener
	addresses []string // of all of them but the last
	slamming  string   // of the last
	acceptors []*acceptor
	clients   []*client
	posts     side         // disturbs them
	active    atomic.Int64 // clients

	// mu guards turns and made, once anybody runs, and the sessions that there
	// are. A session that is not among these is nobody's to touch.
	mu          sync.Mutex
	sessions    []*session
	maxSessions int
	parked      []*acceptor // wait for one

	draining atomic.Bool // no client begins again
	closed   atomic.Bool // the proactor is closed, and nobody runs it
}

// config is what trials have in common.
type config struct {
	backend  string
	runners  int
	conns    int
	seed     uint64
	duration time.Duration

	// For tests: a layer between handlers and their allocators, and something
	// to do meanwhile.
	layer func(allocator.Allocator[ops.Operation]) allocator.Allocator[ops.Operation]
	aside func()
}

// acceptors returns how many accepts are outstanding on a listener: so many
// that between two turns of one its backlog does not overflow.
func (c config) acceptors() int { return 2 + c.conns/128 }

// drainTime is how long it may take until one more client or session has come
// to its end.
const drainTime = 30 * time.Second

func newTrial(c config, all *tally) (*trial, error) {
	t := &trial{tally: all, config: c}
	t.operationsOf = operationSources(t)
	t.buffers = bufferSources(t)
	t.sessionsFrom = sessionSource(t)
	options := []platform.Option{platform.WithBackend(c.backend), platform.WithAllocator(t.operationsOf[0])}
	if c.runners == 1 {
		options = append(options, platform.SingleRunner())
	}
	var err error
	if t.proactor, err = platform.New(options...); err != nil {
		return nil, err
	}
	if err := t.listen(); err != nil {
		t.proactor.Close()
		return nil, err
	}

	// The server may see a connection's end after its client began the next,
	// and each acceptor holds a session.
	t.maxSessions = c.conns + c.conns/64 + 4 + c.acceptors()*len(t.listeners)
	for i, l := range t.listeners {
		for range c.acceptors() {
			a := new(acceptor)
			a.init(t, l, i == len(t.addresses))
			t.acceptors = append(t.acceptors, a)
			a.accept()
		}
	}
	t.posts.init(t)
	t.clients = make([]*client, c.conns)
	t.active.Store(int64(c.conns))
	for i := range t.clients {
		k := new(client)
		k.init(t)
		t.clients[i] = k
		k.pause(time.Duration(i)*50*time.Microsecond, resting)
	}
	return t, nil
}

// listen opens a listener on each address, and one more.
func (t *trial) listen() error {
	for i := range listenAddresses + 1 {
		host := loopback(i % listenAddresses)
		l, err := t.proactor.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return err
		}
		t.listeners = append(t.listeners, l)
		if i < listenAddresses {
			t.addresses = append(t.addresses, l.Addr().String())
		} else {
			t.slamming = l.Addr().String()
		}
	}
	return nil
}

// source returns the allocator of the next chain.
func (t *trial) source() allocator.Allocator[ops.Operation] {
	t.turns++
	return t.operationsOf[t.turns%len(t.operationsOf)]
}

// session returns a new session for a, or nil: then a is started when there is
// room for one.
func (t *trial) session(a *acceptor) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.sessions) == t.maxSessions {
		t.parked = append(t.parked, a)
		return nil
	}
	s, err := allocator.New(t.sessionsFrom.Allocator)
	if err != nil {
		t.violated("%v: a session: %v", contract.Exhaustion, err)
		s = new(session)
	}
	s.index = len(t.sessions)
	s.init(t)
	t.sessions = append(t.sessions, s)
	return s
}

// free gives the memory of a session back to its allocator, in its last handler.
// Nobody touches it from then on.
func (t *trial) free(s *session) {
	t.mu.Lock()
	last := t.sessions[len(t.sessions)-1]
	t.sessions[s.index], last.index = last, s.index
	t.sessions = t.sessions[:len(t.sessions)-1]
	allocator.Delete(t.sessionsFrom.Allocator, s)
	n := len(t.parked)
	if n == 0 {
		t.mu.Unlock()
		return
	}
	a := t.parked[n-1]
	t.parked = t.parked[:n-1]
	t.mu.Unlock()
	a.accept()
}

// retire is called by each client that does not begin again. With the last one
// the listeners go, and the trial ends when the sessions have.
func (t *trial) retire() {
	if t.active.Add(-1) == 0 {
		for _, l := range t.listeners {
			l.Close()
		}
	}
}

// run runs the trial until it was long enough or ctx is done. Then it lets
// everything end, or abandons it.
func (t *trial) run(ctx context.Context, duration time.Duration, drain bool) {
	var runners sync.WaitGroup
	for range t.runners {
		runners.Go(t.runner)
	}
	ended := make(chan struct{})
	go func() {
		runners.Wait()
		close(ended)
	}()

	var others sync.WaitGroup
	stir, stop := context.WithCancel(ctx)
	others.Go(func() { t.disturb(stir) })
	for i := range rawClients {
		others.Go(func() { t.resetFromOutside(stir, i) })
	}
	if t.aside != nil {
		t.aside()
	}
	select {
	case <-ctx.Done():
		drain = false
	case <-ended:
		t.violated("Run returned with everything outstanding")
	case <-time.After(duration):
	}
	stop()
	if !t.returns("who cancels and connects from outside", others.Wait) {
		return
	}

	if drain {
		drain = t.drain(ctx, ended)
	}
	before := t.faults[abandoned].Load()
	if !t.returns("Close or Run", func() { t.proactor.Close(); <-ended }) {
		return
	}
	t.closed.Store(true)
	if n := t.faults[abandoned].Load() - before; drain && n > 0 {
		t.violated("Run returned with %d operations outstanding", n)
	}
	t.settle()
}

// stuckTime is after how long without a return the proactor counts as stuck.
const stuckTime = 2 * time.Minute

// returns calls f and reports whether it has returned. If it does not, the trial is
// over, and what the runners have is lost.
func (t *trial) returns(what string, f func()) bool {
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(stuckTime):
		t.violated("stuck: %s does not return", what)
		return false
	}
}

// drain lets everything end by itself, and reports whether it did.
func (t *trial) drain(ctx context.Context, ended <-chan struct{}) bool {
	t.draining.Store(true)
	for last := len(t.clients) + t.maxSessions + 1; ; {
		select {
		case <-ended:
			return true
		case <-ctx.Done():
			return false
		case <-time.After(drainTime):
		}
		clients, sessions := t.busy()
		if clients+sessions >= last {
			t.violated("%d clients and %d sessions come to no end", clients, sessions)
			return false
		}
		last = clients + sessions
	}
}

// busy returns how many clients and sessions have something outstanding.
func (t *trial) busy() (clients, sessions int) {
	for _, c := range t.clients {
		if c.busy() || c.waits.waiting.Load() {
			clients++
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.sessions {
		if s.busy() {
			sessions++
		}
	}
	return clients, sessions
}

// runner runs the proactor.
func (t *trial) runner() {
	defer func() {
		if problem := recover(); problem != nil {
			t.violated("panic: %v\n%s", problem, debug.Stack())
			t.proactor.Close()
		}
	}()
	if err := t.proactor.Run(context.Background()); err != nil && !errors.Is(err, net.ErrClosed) {
		t.violated("Run: %v", err)
	}
}

// settle looks whether all has come back, when the trial is over.
func (t *trial) settle() {
	for _, c := range t.clients {
		c.ended()
	}
	for _, s := range t.sessions {
		s.ended()
		allocator.Delete(t.sessionsFrom.Allocator, s)
	}
	for _, a := range t.acceptors {
		a.ended()
	}
	t.posts.ended()
	leaks := t.sessionsFrom.close(t.tally)
	for _, s := range t.operationsOf {
		leaks += s.close(t.tally)
	}
	for _, s := range t.buffers {
		leaks += s.close(t.tally)
	}
	t.blocks += leaks
}
