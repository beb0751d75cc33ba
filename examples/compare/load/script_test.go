package load

import (
	"testing"
	"testing/quick"
	"time"
)

// However the echo is cut, it is what was said; and a byte that is changed, or of another place,
// is seen.
func TestEchoScript(t *testing.T) {
	for _, size := range []int{1, 64, 65521, 100_000} {
		s := echoScript(size, size, 3)
		property := func(client uint16, at uint32, length uint16, wrong uint16) bool {
			origin, position := int(client)*s.stride, int(at>>8)
			var heard []byte
			for n := int(length) + 1; len(heard) < n; {
				heard = append(heard, s.said(origin+position+len(heard), n-len(heard))...)
			}
			if s.expect(origin, position, heard) != nil {
				return false
			}
			heard[int(wrong)%len(heard)] ^= 1
			return s.expect(origin, position, heard) != nil
		}
		if err := quick.Check(property, &quick.Config{MaxCount: 200}); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
		message := s.said(0, size)
		if size >= 64 && s.expect(s.stride, 0, message) == nil {
			t.Errorf("size %d: what one client says passes as another's", size)
		}
		if size >= 64 && s.expect(0, size, message) == nil {
			t.Errorf("size %d: a message passes as the next", size)
		}
	}
}

// An answer that is shorter than its message is the end of it.
func TestShortAnswer(t *testing.T) {
	const size, answer, depth = 1000, 64, 3
	s := echoScript(size, answer, depth)
	origin := s.stride
	said := append([]byte(nil), s.said(origin, depth*size)...)
	var heard []byte
	for message := range depth {
		heard = append(heard, said[(message+1)*size-answer:(message+1)*size]...)
	}
	for at := range heard {
		if err := s.expect(origin, at, heard[at:]); err != nil {
			t.Fatalf("from byte %d on: %v", at, err)
		}
		heard[at] ^= 1
		if s.expect(origin, at/2, heard[at/2:]) == nil {
			t.Errorf("byte %d is wrong, and nobody sees it", at)
		}
		heard[at] ^= 1
	}
	if s.expect(origin, 0, said[:answer]) == nil {
		t.Error("the beginning of a message passes as its end")
	}
}

func TestAnswerLength(t *testing.T) {
	for text, want := range map[string]int{
		"":                  0,
		"HTTP/1.1 200 OK\r": 0,
		"HTTP/1.1 200 OK\r\ncontent-LENGTH:  7 \r\n\r\nx": len("HTTP/1.1 200 OK\r\ncontent-LENGTH:  7 \r\n\r\n1234567"),
		"HTTP/1.1 200 OK\r\n\r\n":                         -1,
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n":   -1,
		"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n":    -1,
		"SSH-2.0\r\n\r\n":                                 -1,
	} {
		n, err := answerLength([]byte(text))
		if err != nil {
			n = -1
		}
		if n != want {
			t.Errorf("%q: %d (%v), want %d", text, n, err, want)
		}
	}
}

// Times come out in the order in which they went in, however the queue has grown.
func TestTimes(t *testing.T) {
	var q times
	in, out := 0, 0
	for round := range 50 {
		for range round % 13 {
			q.push(time.Duration(in))
			in++
		}
		for range min(round%11, q.len()) {
			if got := q.pop(); got != time.Duration(out) {
				t.Fatalf("%d came out, want %d", got, out)
			}
			out++
		}
		if q.len() != in-out {
			t.Fatalf("%d are in it, want %d", q.len(), in-out)
		}
	}
	if q.clear(); q.len() != 0 {
		t.Errorf("%d are in it after clear", q.len())
	}
}
