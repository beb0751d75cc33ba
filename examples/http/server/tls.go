package server

import (
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// shake agrees with the client on keys.
func (s *session) shake() {
	l := s.loop
	s.tls = new(secure.Conn)
	s.tls.Server(&s.conn, l.server.TLS)
	s.conn.SetDeadline(l.after(l.timeouts.Head))
	s.due = endOfHead
	s.tls.Handshake((*onShaken)(s))
}

type onShaken session

func (h *onShaken) Allocator() allocator.Allocator[ops.Operation] { return h.loop.operations }

func (h *onShaken) Complete(_ int, err error) {
	s := (*session)(h)
	if err != nil {
		s.end()
		return
	}
	s.conn.SetDeadline(time.Time{})
	s.due = nothing
	s.goOn()
}
