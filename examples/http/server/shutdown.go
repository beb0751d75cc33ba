package server

import (
	"context"
	"errors"
	"sync"

	"github.com/heirloom-go/heirloom/ops"
)

// Shutdown stops accepting, closes the connections that are idle, lets those that have
// begun a request have their answer, and waits until all have ended. If ctx is done before,
// it closes what is left and returns why. It blocks until those who run the proactors have
// done that, so a handler must not call it.
func (s *Server) Shutdown(ctx context.Context) error {
	loops := s.drain()
	errs := make([]error, len(loops))
	var group sync.WaitGroup
	for i, l := range loops {
		ops.Post(l.p, (*onDrain)(l))
		group.Go(func() { errs[i] = l.acceptor.Shutdown(ctx) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// drain has every answer from now on be the last of its connection, on all loops at once,
// and returns them.
func (s *Server) drain() []*loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining.Store(true)
	return s.loops
}

type onDrain loop

func (h *onDrain) Complete(int, error) {
	l := (*loop)(h)
	for s := l.sessions.first; s != nil; s = s.next {
		if s.due == nextRequest && s.in == nil && s.out == nil {
			s.conn.Close()
		}
	}
	l.acceptor.Drain()
}
