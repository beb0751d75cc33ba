package server

import (
	"bytes"
	"fmt"
	"runtime/debug"

	"github.com/heirloom-go/heirloom/examples/http/http1"
)

// A Request is what a client asks for.
type Request struct {
	http1.Head
	Body []byte // all of it, without what has framed it
}

// serveOne answers the request that b begins with and returns what follows it; or reports
// that there is not all of it, and returns what there is, without the framing of the chunks
// that were read.
func (s *session) serveOne(b []byte) (rest []byte, served bool) {
	l := s.loop
	r := &l.request
	switch s.stage {
	case inHead:
		n, err := r.Parse(b, &l.head)
		if err != nil {
			if err != http1.ErrIncomplete {
				s.malformed(err)
			}
			return b, false
		}
		s.headLen = n
		if r.Length == 0 && !r.Chunked { // the usual case
			r.Body = nil
			s.answer()
			return b[n:], true
		}
		return s.beginBody(b)
	case inBody:
		return s.wholeBody(b)
	}
	return s.moreChunks(b)
}

// worthParsing reports whether b, all that has arrived of a head, is to be parsed again
// now that its last part is new: if a line of it has ended, or it is too large. So a
// client that sends a head byte by byte is not parsed for each.
func worthParsing(b, last []byte, limits *http1.Limits) bool {
	return bytes.IndexByte(last, '\n') >= 0 || len(b) >= limits.Head
}

// answer has the handler answer the request that was parsed.
func (s *session) answer() {
	l := s.loop
	l.counters.requests++
	if !l.request.KeepAlive {
		s.closing = true
	} else if l.server.draining.Load() {
		s.close()
	}
	w := &l.response
	w.begin(s)
	s.handle(w)
	w.finish()
}

// handle calls the handler, and sees to it that it returns.
func (s *session) handle(w *Response) {
	l := s.loop
	defer func() {
		if p := recover(); p != nil {
			l.server.report(fmt.Errorf("a handler has panicked: %v\n%s", p, debug.Stack()))
			w.abandon()
		}
	}()
	switch r := &l.request; {
	case r.Method == http1.Unknown, r.Method == http1.CONNECT, r.Method == http1.TRACE:
		w.Status(501)
	case r.Path == nil: // OPTIONS *
		w.Status(204)
	default:
		l.handler(w, r)
	}
}

// close has the session end after the answer, which the client has not asked for.
func (s *session) close() { s.closing, s.sending = true, true }

// malformed refuses what was parsed in vain.
func (s *session) malformed(err error) {
	refusal := err.(*http1.Refusal)
	s.refuse(refusal.Status, refusal.Reason)
}

// refuse answers with an error and reads no further.
func (s *session) refuse(status int, reason string) {
	l := s.loop
	l.counters.refused++
	s.close()
	l.request.Method = http1.Unknown
	l.request.Minor = 1
	w := &l.response
	w.begin(s)
	w.Status(status)
	w.Header("Content-Type", "text/plain")
	w.WriteString(reason)
	w.WriteString("\n")
	w.finish()
}
