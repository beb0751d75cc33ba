package chains

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A secondProactor is one, on which a program opens what its own
// proactor is done with. Whoever does that runs the other proactor for a moment;
// then an operation stays outstanding until the program ends, or needs the memory
// again. It must end then, with the right result, and not before.
//
// Any goroutine may call enter and leave.
type secondProactor struct {
	mu       sync.Mutex
	proactor *platform.Proactor
	listener *platform.Listener
	guests   map[any]guest // by their memory
	awaited  []*notice
	wrong    []string
}

// A guest is something that is open elsewhere.
type guest interface {
	enter(s *secondProactor) error
	leave(s *secondProactor) error
}

func newSecondProactor(open Opener) (*secondProactor, error) {
	p, err := open(platform.SingleRunner())
	if err != nil {
		return nil, err
	}
	s := &secondProactor{proactor: p, guests: make(map[any]guest)}
	if s.listener, err = p.Listen("tcp", "127.0.0.1:0"); err != nil {
		p.Close()
		return nil, err
	}
	return s, nil
}

// enter opens the guest in the given memory, which what describes.
func (s *secondProactor) enter(memory any, g guest, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := g.enter(s); err != nil {
		s.wrong = append(s.wrong, fmt.Sprintf("%s, opened on another proactor after its last handler: %v", what, err))
		return
	}
	s.guests[memory] = g
}

// leave closes the guest in the given memory, if there is one.
func (s *secondProactor) leave(memory any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.guests[memory]; g != nil {
		delete(s.guests, memory)
		if err := g.leave(s); err != nil {
			s.wrong = append(s.wrong, fmt.Sprintf("what was opened on another proactor after its last handler: %v", err))
		}
	}
}

// end closes all guests.
func (s *secondProactor) end() {
	for memory := range s.guests {
		s.leave(memory)
	}
}

// await runs the proactor until the operations with the given notices have ended.
func (s *secondProactor) await(notices ...*notice) error {
	s.awaited = notices
	if s.told() {
		return nil
	}
	return s.proactor.Run(context.Background())
}

// told reports whether all has ended that is awaited.
func (s *secondProactor) told() bool {
	return !slices.ContainsFunc(s.awaited, func(o *notice) bool { return o.told == 0 })
}

// A connGuest is a Conn that waits for a byte of its peer.
type connGuest struct {
	conn *platform.Conn
	peer platform.Conn
	in   [1]byte
	read notice
}

func (g *connGuest) enter(s *secondProactor) error {
	accepted, connected, wrote := notice{in: s}, notice{in: s}, notice{in: s}
	s.listener.Accept(&g.peer, &accepted)
	s.proactor.Connect(g.conn, "tcp", s.listener.Addr().String(), &connected)
	if err := errors.Join(s.await(&accepted, &connected), accepted.check("accept", 0), connected.check("connect", 0)); err != nil {
		return err
	}
	g.read.in = s
	g.conn.Write([]byte{1}, &wrote)
	g.peer.Read(g.in[:], &g.read)
	if err := errors.Join(s.await(&wrote, &g.read), wrote.check("write", 1), g.read.check("read", 1)); err != nil {
		return err
	}
	g.read.told = 0
	g.conn.Read(g.in[:], &g.read)
	return nil
}

func (g *connGuest) leave(s *secondProactor) error {
	if g.read.told > 0 {
		return fmt.Errorf("a read was told %d, %v, although nothing was sent", g.read.n, g.read.err)
	}
	wrote := notice{in: s}
	g.peer.Write([]byte{2}, &wrote)
	err := errors.Join(s.await(&wrote, &g.read), wrote.check("write", 1), g.read.check("read", 1))
	if err == nil && g.in[0] != 2 {
		err = fmt.Errorf("read %d, want 2", g.in[0])
	}
	return errors.Join(err, g.conn.Close(), g.peer.Close())
}

// A timerGuest is a Timer that waits for an hour.
type timerGuest struct {
	timer *platform.Timer
	wait  notice
}

func (g *timerGuest) enter(s *secondProactor) error {
	g.wait.in = s
	g.timer.Init(s.proactor)
	g.timer.Wait(0, &g.wait)
	if err := errors.Join(s.await(&g.wait), g.wait.check("wait", 0)); err != nil {
		return err
	}
	g.wait.told = 0
	g.timer.Wait(time.Hour, &g.wait)
	return nil
}

func (g *timerGuest) leave(s *secondProactor) error {
	if g.wait.told > 0 {
		return fmt.Errorf("a wait for an hour was told %d, %v", g.wait.n, g.wait.err)
	}
	g.timer.Cancel()
	if err := s.await(&g.wait); err != nil {
		return err
	}
	if g.wait.told != 1 || g.wait.err != ops.ErrCanceled {
		return fmt.Errorf("a wait that was cancelled was told %d times, last %d, %v", g.wait.told, g.wait.n, g.wait.err)
	}
	return nil
}

// A notice is a handler that keeps what it is told.
type notice struct {
	in   *secondProactor
	told int // how often
	n    int
	err  error
}

func (o *notice) Complete(n int, err error) {
	o.told, o.n, o.err = o.told+1, n, err
	if o.in.told() {
		o.in.proactor.Stop()
	}
}

// check returns what is wrong with the notice of an operation that should have
// ended once, with n and nil.
func (o *notice) check(what string, n int) error {
	if o.told == 1 && o.n == n && o.err == nil {
		return nil
	}
	return fmt.Errorf("a %s was told %d times, last %d, %v; want %d, nil", what, o.told, o.n, o.err, n)
}
