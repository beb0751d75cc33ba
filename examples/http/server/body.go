package server

import "github.com/heirloom-go/heirloom/examples/http/http1"

const goOnThen = "HTTP/1.1 100 Continue\r\n\r\n"

// beginBody looks at a body whose head was parsed just now.
func (s *session) beginBody(b []byte) (rest []byte, served bool) {
	l := s.loop
	r := &l.request
	if r.Length > int64(l.limits.Body) {
		s.refuse(413, "the body is too large")
		return b, false
	}
	if r.Continue && len(b) == s.headLen {
		l.out = append(l.out, goOnThen...)
	}
	if r.Chunked {
		s.stage, s.bodyLen, s.chunks = inChunks, 0, http1.Chunks{}
		return s.moreChunks(b)
	}
	s.bodyLen = int(r.Length)
	if len(b)-s.headLen >= s.bodyLen {
		s.answerBody(b)
		return b[s.headLen+s.bodyLen:], true
	}
	s.stage = inBody
	return b, false
}

// wholeBody looks whether the body is there by now.
func (s *session) wholeBody(b []byte) (rest []byte, served bool) {
	if len(b)-s.headLen < s.bodyLen {
		return b, false
	}
	s.parseAgain(b)
	s.answerBody(b)
	return b[s.headLen+s.bodyLen:], true
}

// moreChunks reads what has arrived of chunks. Those that were read before lie behind the
// head, as the body that they are.
func (s *session) moreChunks(b []byte) (rest []byte, served bool) {
	at := s.headLen + s.bodyLen
	body, read, done, err := s.chunks.Decode(b[at:])
	s.bodyLen += body
	if err != nil {
		s.malformed(err)
		return b, false
	}
	if s.bodyLen > s.loop.limits.Body {
		s.refuse(413, "the body is too large")
		return b, false
	}
	if !done {
		left := copy(b[at+body:], b[at+read:])
		return b[:at+body+left], false
	}
	s.parseAgain(b)
	s.answerBody(b)
	return b[at+read:], true
}

// parseAgain parses the head anew, which others have been parsed after, in memory that
// may have moved.
func (s *session) parseAgain(b []byte) {
	l := s.loop
	if _, err := l.request.Parse(b[:s.headLen], &l.head); err != nil {
		panic("server: a head that was parsed is refused: " + err.Error())
	}
}

func (s *session) answerBody(b []byte) {
	s.stage = inHead
	end := s.headLen + s.bodyLen
	s.loop.request.Body = b[s.headLen:end:end]
	s.answer()
}
