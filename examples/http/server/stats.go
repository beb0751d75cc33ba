package server

import "sync/atomic"

// Stats are figures of a server since it began, as of the last full second.
type Stats struct {
	Connections uint64 // accepted
	Live        uint64 // of those, that have not ended
	Requests    uint64 // answered by the handler
	Refused     uint64 // requests that were malformed, too large or too slow
}

// Stats returns figures of s. Any goroutine may call it, and handlers may.
func (s *Server) Stats() (sum Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.loops {
		p := &l.counters.published
		sum.Connections += p[0].Load()
		sum.Live += p[1].Load()
		sum.Requests += p[2].Load()
		sum.Refused += p[3].Load()
	}
	return sum
}

// Counters are a loop's own, so that counting costs nothing that is atomic.
type counters struct {
	connections, ended, requests, refused uint64
	published                             [4]atomic.Uint64
}

func (c *counters) publish() {
	c.published[0].Store(c.connections)
	c.published[1].Store(c.connections - c.ended)
	c.published[2].Store(c.requests)
	c.published[3].Store(c.refused)
}
