package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A script is what a client says, and what it expects to hear. It is stated by positions in
// streams of bytes, so that it does not matter how they are cut into reads and writes.
type script struct {
	message int    // bytes of a message
	answer  int    // bytes of an answer
	request []byte // the stream that is sent, and so much of its repetition as is sent at once
	period  int    // after so many bytes the stream repeats itself
	stride  int    // bytes between the places at which two clients begin

	// expect checks what was received at a position of a stream that begins at origin.
	expect func(origin, position int, received []byte) error
}

// The stream of an echo is made of random bytes. It repeats itself at no boundary of messages,
// and no two clients begin at the same place, so bytes of another message or of another client
// show.
const (
	echoPeriod = 65521 // prime, at least
	echoStride = 7919
)

// echoScript expects to hear the last answer bytes of each message of size bytes that was said.
func echoScript(size, answer, depth int) *script {
	s := &script{message: size, answer: answer, period: max(echoPeriod, size+echoStride), stride: echoStride}
	random := rand.New(rand.NewPCG(1, 2))
	s.request = make([]byte, s.period+size*depth)
	for i := range s.request {
		if i < s.period {
			s.request[i] = byte(random.Uint32())
		} else {
			s.request[i] = s.request[i-s.period]
		}
	}
	s.expect = func(origin, position int, received []byte) error {
		for len(received) > 0 {
			message, at := position/answer, position%answer
			want := s.said(origin+(message+1)*size-answer+at, min(len(received), answer-at))
			if !bytes.Equal(want, received[:len(want)]) {
				return fmt.Errorf("load: message %d came back changed", message+1)
			}
			position, received = position+len(want), received[len(want):]
		}
		return nil
	}
	return s
}

// said returns what is to be sent at a position: n bytes, or fewer if they do not lie together.
func (s *script) said(position, n int) []byte {
	rest := s.request[position%s.period:]
	return rest[:min(n, len(rest))]
}

// httpRequest returns the request for a path.
func httpRequest(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
}

// httpScript expects answers that have the length of a first one. Their dates differ, so no
// more than the status is compared.
func httpScript(path string, first []byte, depth int) (*script, error) {
	length, err := answerLength(first)
	if err != nil {
		return nil, err
	}
	request := httpRequest(path)
	s := &script{message: len(request), answer: length, period: len(request)}
	s.request = bytes.Repeat([]byte(request), depth+1)
	s.expect = func(_, position int, received []byte) error {
		for i := (length - position%length) % length; i+len(httpStatus) <= len(received); i += length {
			if !bytes.HasPrefix(received[i:], httpStatus) {
				return fmt.Errorf("load: not the beginning of an answer: %.60q", received[i:])
			}
		}
		return nil
	}
	return s, nil
}

var httpStatus = []byte("HTTP/1.1 200 ")

// answerLength returns how long an answer is that starts like this: 0 if its head is not
// complete.
func answerLength(b []byte) (int, error) {
	head, _, complete := strings.Cut(string(b), "\r\n\r\n")
	if !complete {
		return 0, nil
	}
	if !strings.HasPrefix(head, string(httpStatus)) {
		return 0, fmt.Errorf("load: the answer is %.60q", head)
	}
	for line := range strings.Lines(head) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Content-Length") {
			n, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || n < 0 {
				return 0, fmt.Errorf("load: Content-Length is %q", value)
			}
			return len(head) + len("\r\n\r\n") + n, nil
		}
	}
	return 0, fmt.Errorf("load: the answer has no Content-Length: %.200q", head)
}
