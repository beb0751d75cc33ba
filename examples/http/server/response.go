package server

import (
	"strconv"

	"github.com/heirloom-go/heirloom/examples/http/http1"
)

// A Response is the answer to a request, written by a [Handler]: the status first, then
// fields, then the body. All of it is optional. Date, Content-Length, Transfer-Encoding and
// Connection are the server's.
type Response struct {
	loop    *loop
	session *session
	start   int // of the answer, in loop.out
	status  int // 0 until the status line is written
	body    []byte
	chunked bool // the head is written, and Chunk was called
	head    bool // the request was HEAD: there is no body
	minor   int  // of the client
}

// begin makes w the answer to the next request of a session.
func (w *Response) begin(s *session) {
	r := &w.loop.request
	w.session = s
	w.start, w.status, w.chunked = len(w.loop.out), 0, false
	w.head, w.minor = r.Method == http1.HEAD, r.Minor
	w.body = w.body[:0]
}

// Status sets the status, which is 200 otherwise. It panics after Header or Chunk, if it
// was set already, and if it is not a final status of three digits.
func (w *Response) Status(code int) {
	if w.status != 0 {
		panic("server: Status comes first")
	}
	if code < 200 || code > 999 {
		panic("server: no final status: " + strconv.Itoa(code))
	}
	w.writeStatus(code)
}

func (w *Response) writeStatus(code int) {
	l := w.loop
	w.status = code
	if code == 200 {
		l.out = append(l.out, l.clock.ok...)
		return
	}
	l.out = append(l.out, "HTTP/1.1 "...)
	l.out = strconv.AppendInt(l.out, int64(code), 10)
	l.out = append(l.out, ' ')
	l.out = append(l.out, reasons[code]...)
	l.out = append(l.out, "\r\n"...)
	l.out = append(l.out, l.clock.date...)
}

// Header adds a field. A control character in the value becomes a space, so that it cannot
// end the field; the name is the program's own. It panics after Chunk.
func (w *Response) Header(name, value string) {
	if w.chunked {
		panic("server: Header comes before Chunk")
	}
	if w.status == 0 {
		w.writeStatus(200)
	}
	out := append(w.loop.out, name...)
	out = append(out, ": "...)
	at := len(out)
	out = append(out, value...)
	for i := at; i < len(out); i++ {
		if b := out[i]; b < ' ' || b == 0x7f {
			out[i] = ' '
		}
	}
	w.loop.out = append(out, "\r\n"...)
}

// Write adds to the body. It never fails. It panics after Chunk.
func (w *Response) Write(p []byte) (int, error) {
	w.mustBeWhole()
	w.body = append(w.body, p...)
	return len(p), nil
}

// WriteString is Write for a string.
func (w *Response) WriteString(s string) (int, error) {
	w.mustBeWhole()
	w.body = append(w.body, s...)
	return len(s), nil
}

// AppendInt adds a decimal number to the body.
func (w *Response) AppendInt(n int64) {
	w.mustBeWhole()
	w.body = strconv.AppendInt(w.body, n, 10)
}

func (w *Response) mustBeWhole() {
	if w.chunked {
		panic("server: the body is in chunks")
	}
}

// Chunk adds a chunk to the body, which then has no known length; to HTTP/1.0 it adds the
// bytes, and the end of the connection is that of the body. What was written before is
// the first chunk.
func (w *Response) Chunk(p []byte) {
	if !w.chunked {
		w.beginChunks()
		w.chunk(w.body)
	}
	w.chunk(p)
}

func (w *Response) beginChunks() {
	if w.status == 0 {
		w.writeStatus(200)
	}
	w.chunked = true
	if !hasBody(w.status) {
		panic("server: an answer " + strconv.Itoa(w.status) + " has no body")
	}
	l := w.loop
	if w.minor == 0 {
		w.session.close()
	} else {
		l.out = append(l.out, "Transfer-Encoding: chunked\r\n"...)
	}
	w.writeConnection()
	l.out = append(l.out, "\r\n"...)
}

func (w *Response) chunk(p []byte) {
	if w.head || len(p) == 0 {
		return
	}
	l := w.loop
	if w.minor == 0 {
		l.out = append(l.out, p...)
		return
	}
	l.out = strconv.AppendInt(l.out, int64(len(p)), 16)
	l.out = append(l.out, "\r\n"...)
	l.out = append(l.out, p...)
	l.out = append(l.out, "\r\n"...)
}

// Close has the connection closed after the answer. It panics after Chunk.
func (w *Response) Close() {
	w.mustBeWhole()
	w.session.close()
}

func (w *Response) writeConnection() {
	l := w.loop
	if w.session.closing {
		l.out = append(l.out, "Connection: close\r\n"...)
	} else if w.minor == 0 {
		l.out = append(l.out, "Connection: keep-alive\r\n"...)
	}
}

// finish writes what is left of the answer.
func (w *Response) finish() {
	l := w.loop
	if w.chunked {
		if !w.head && w.minor == 1 {
			l.out = append(l.out, "0\r\n\r\n"...)
		}
		w.forget()
		return
	}
	if w.status == 0 {
		w.writeStatus(200)
	}
	if w.session.closing || w.minor == 0 {
		w.writeConnection()
	}
	out := l.out
	if hasBody(w.status) {
		out = append(out, "Content-Length: "...)
		out = strconv.AppendInt(out, int64(len(w.body)), 10)
		out = append(out, "\r\n\r\n"...)
		if !w.head {
			out = append(out, w.body...)
		}
	} else {
		out = append(out, "\r\n"...)
	}
	l.out = out
	w.forget()
}

// forget lets go of memory that an answer was too large for.
func (w *Response) forget() {
	if cap(w.body) > keptAnswer {
		w.body = nil
	}
}

// abandon has the answer be that there is none.
func (w *Response) abandon() {
	l := w.loop
	l.out = l.out[:w.start]
	w.status, w.chunked = 0, false
	w.body = w.body[:0]
	w.session.close()
	w.writeStatus(500)
}

// hasBody reports whether an answer has a body, if an empty one.
func hasBody(status int) bool { return status != 204 && status != 304 }
