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
	enter(e *secondProactor) error
	leave(e *secondProactor) error
}

func newSecondProactor(open Opener) (*secondProactor, error) {
	p, err := open(platform.SingleRunner())
	if err != nil {
		return nil, err
	}
	e := &secondProactor{proactor: p, guests: make(map[any]guest)}
	if e.listener, err = p.Listen("tcp", "127.0.0.1:0"); err != nil {
		p.Close()
		return nil, err
	}
	return e, nil
}

// enter opens the guest in the given memory, which what describes.
func (e *secondProactor) enter(memory any, g guest, what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := g.enter(e); err != nil {
		e.wrong = append(e.wrong, fmt.Sprintf("%s, opened on another proactor after its last handler: %v", what, err))
		return
	}
	e.guests[memory] = g
}

// leave closes the guest in the given memory, if there is one.
func (e *secondProactor) leave(memory any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if g := e.guests[memory]; g != nil {
		delete(e.guests, memory)
		if err := g.leave(e); err != nil {
			e.wrong = append(e.wrong, fmt.Sprintf("what was opened on another proactor after its last handler: %v", err))
		}
	}
}

// end closes all guests.
func (e *secondProactor) end() {
	for memory := range e.guests {
		e.leave(memory)
	}
}

// await runs the proactor until the operations with the given notices have ended.
func (e *secondProactor) await(notices ...*notice) error {
	e.awaited = notices
	if e.told() {
		return nil
	}
	return e.proactor.Run(context.Background())
}

// told reports whether all has ended that is awaited.
func (e *secondProactor) told() bool {
	return !slices.ContainsFunc(e.awaited, func(o *notice) bool { return o.told == 0 })
}

// A connGuest is a Conn that waits for a byte of its peer.
type connGuest struct {
	conn *platform.Conn
	peer platform.Conn
	in   [1]byte
	read notice
}

func (g *connGuest) enter(e *secondProactor) error {
	accepted, connected, wrote := notice{in: e}, notice{in: e}, notice{in: e}
	e.listener.Accept(&g.peer, &accepted)
	e.proactor.Connect(g.conn, "tcp", e.listener.Addr().String(), &connected)
	if err := errors.Join(e.await(&accepted, &connected), accepted.check("accept", 0), connected.check("connect", 0)); err != nil {
		return err
	}
	g.read.in = e
	g.conn.Write([]byte{1}, &wrote)
	g.peer.Read(g.in[:], &g.read)
	if err := errors.Join(e.await(&wrote, &g.read), wrote.check("write", 1), g.read.check("read", 1)); err != nil {
		return err
	}
	g.read.told = 0
	g.conn.Read(g.in[:], &g.read)
	return nil
}

func (g *connGuest) leave(e *secondProactor) error {
	if g.read.told > 0 {
		return fmt.Errorf("a read was told %d, %v, although nothing was sent", g.read.n, g.read.err)
	}
	wrote := notice{in: e}
	g.peer.Write([]byte{2}, &wrote)
	err := errors.Join(e.await(&wrote, &g.read), wrote.check("write", 1), g.read.check("read", 1))
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

func (g *timerGuest) enter(e *secondProactor) error {
	g.wait.in = e
	g.timer.Init(e.proactor)
	g.timer.Wait(0, &g.wait)
	if err := errors.Join(e.await(&g.wait), g.wait.check("wait", 0)); err != nil {
		return err
	}
	g.wait.told = 0
	g.timer.Wait(time.Hour, &g.wait)
	return nil
}

func (g *timerGuest) leave(e *secondProactor) error {
	if g.wait.told > 0 {
		return fmt.Errorf("a wait for an hour was told %d, %v", g.wait.n, g.wait.err)
	}
	g.timer.Cancel()
	if err := e.await(&g.wait); err != nil {
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
