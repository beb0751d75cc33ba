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
		s := echoScript(size, 3)
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
