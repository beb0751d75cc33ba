package server

// Sessions are those that live, for a shutdown to find them.
type sessions struct{ first *session }

func (l *sessions) add(s *session) {
	if s.next = l.first; s.next != nil {
		s.next.prev = s
	}
	l.first = s
}

func (l *sessions) remove(s *session) {
	if s.next != nil {
		s.next.prev = s.prev
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.first = s.next
	}
	s.next, s.prev = nil, nil
}
