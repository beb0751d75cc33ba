package platform

import (
	"fmt"
	"net"

	"github.com/heirloom-go/heirloom/ops"
)

// How a socket comes to be open and is closed.

// leave makes the proactor forget a socket that is closed, once nothing is
// outstanding on it either: until then Close has to wait for it. The caller
// holds the lock.
func (s *Socket) leave() {
	if s.state == idle && s.queues == [2]queue{} {
		s.unregister()
	}
}

// claim reserves an unused socket for an operation of p that will open it.
func (s *Socket) claim(p *Proactor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != idle || s.queues != [2]queue{} {
		return ErrInUse
	}
	if s.p != p { // who cancels or closes the socket late may be reading it
		s.p = p
	}
	s.state = opening
	return nil
}

// claimFor claims a socket for op. If op has failed already or the socket is in use,
// op has an error, and the socket is not claimed. One that was not in use is p's from
// then on in any case, so that it can be cancelled and closed.
func (s *Socket) claimFor(op *ops.Operation, p *Proactor) {
	switch err := s.claim(p); {
	case op.Err == nil:
		op.Err = err
	case err == nil:
		s.settle(op.Err)
	}
}

// settle opens a claimed socket, which the backend has filled, or, if err is
// not nil, gives it up. It returns net.ErrClosed if the proactor is closed.
func (s *Socket) settle(err error) error {
	s.lock()
	defer s.unlock()
	s.state = idle
	if err == nil {
		if !s.register() {
			s.p.backend.CloseSocket(s)
			return net.ErrClosed
		}
		s.state = open
	}
	return err
}

// openSocket opens a new socket with a function of the backend, which does what.
func (p *Proactor) openSocket(s *Socket, what string, fill func() error) error {
	s.p = p
	s.lock()
	defer s.unlock()
	if !s.register() { // before it is opened: closing the proactor closes it
		return fmt.Errorf("platform: %s: %w", what, net.ErrClosed)
	}
	if err := fill(); err != nil {
		s.unregister()
		return err
	}
	s.state = open
	return nil
}

// register makes the socket known to the proactor, which closes it when it is
// closed itself. It returns false if that has happened already.
func (s *Socket) register() bool {
	p := s.p
	p.lock()
	defer p.unlock()
	if p.drained {
		return false
	}
	s.prev, s.next = nil, p.sockets
	if s.next != nil {
		s.next.prev = s
	}
	p.sockets = s
	return true
}

func (s *Socket) unregister() {
	p := s.p
	p.lock()
	switch {
	case s.prev != nil:
		s.prev.next = s.next
	case p.sockets == s:
		p.sockets = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next = nil, nil
	p.unlock()
}

// close closes the socket. What is to be opened by an accept is not open, and
// only the listener knows that accept.
func (s *Socket) close() error {
	p := s.p
	if p == nil {
		return net.ErrClosed // it was never opened
	}
	var out queue
	err := net.ErrClosed
	s.lock()
	if s.state != opening || !s.queues[writing].empty() {
		err = s.shut(&out)
	}
	s.unlock()
	p.finish(&out)
	return err
}

// shut closes the socket and ends what is outstanding on it. The caller holds
// the lock.
func (s *Socket) shut(out *queue) error {
	if s.state == idle {
		return net.ErrClosed
	}
	s.state = idle
	s.cancelSide(reading, net.ErrClosed, out)
	s.cancelSide(writing, net.ErrClosed, out)
	s.leave()
	return s.p.backend.CloseSocket(s)
}
