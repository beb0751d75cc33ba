package ops_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// source makes an ops.Reader of an io.Reader.
type source struct {
	loop
	r     io.Reader
	asked int // for at least one byte
}

func (s *source) StartRead(op *ops.Operation) {
	if op.Err == nil {
		if len(op.Buf) > 0 {
			s.asked++
			op.N, op.Err = s.r.Read(op.Buf)
		} else {
			op.N = 0
		}
	}
	s.Execute(op)
}

// sources are the ways in which a text can come.
var sources = map[string]func(io.Reader) io.Reader{
	"at once":      func(r io.Reader) io.Reader { return r },
	"byte by byte": iotest.OneByteReader,
	"by halves":    iotest.HalfReader,
	"with its end": iotest.DataErrReader,
}

// readAll reads until there is an error, and notes what it got.
func readAll(s *source, b *ops.BufferedReader, read func(ops.Handler)) (got []string, err error) {
	for err == nil {
		n, told := 0, 0
		read(ops.HandlerFunc(func(m int, e error) { n, err = m, e; told++ }))
		s.run()
		if told != 1 {
			return got, fmt.Errorf("the handler was called %d times", told)
		}
		if err == nil {
			got = append(got, string(b.Bytes()))
			if n != len(b.Bytes()) {
				err = errors.New("another number of bytes than there are")
			}
		}
	}
	return got, err
}

func TestBufferedReader(t *testing.T) {
	line := func(b *ops.BufferedReader, h ops.Handler) { b.ReadLine(h) }
	until := func(b *ops.BufferedReader, h ops.Handler) { b.ReadUntil(';', h) }
	words := func(b *ops.BufferedReader, h ops.Handler) { b.ReadToken(bufio.ScanWords, h) }
	cases := []struct {
		name, text string
		size       int
		read       func(*ops.BufferedReader, ops.Handler)
		want       string // with | between
		err        error
		left       string
	}{
		{"lines", "one\ntwo\r\n\nfour\n", 8, line, "one|two||four", io.EOF, ""},
		{"the last line without an end", "one\ntwo", 8, line, "one|two", io.EOF, ""},
		{"the last line of one byte", "one\nt", 8, line, "one|t", io.EOF, ""},
		{"the last line with half an end", "one\ntwo\r", 8, line, "one|two", io.EOF, ""},
		{"a line as long as the buffer", "1234567\n1234567\n", 8, line, "1234567|1234567", io.EOF, ""},
		{"a line that is too long", "one\n12345678\n", 8, line, "one", ops.ErrTooLong, "12345678"},
		{"no line", "", 8, line, "", io.EOF, ""},
		{"up to a delimiter", "a;bc;;d;", 4, until, "a;|bc;|;|d;", io.EOF, ""},
		{"a delimiter at once", ";bcd;", 4, until, ";|bcd;", io.EOF, ""},
		{"without the last delimiter", "a;bc", 4, until, "a;", io.ErrUnexpectedEOF, "bc"},
		{"one byte without the last delimiter", "a;b", 4, until, "a;", io.ErrUnexpectedEOF, "b"},
		{"too long for a delimiter", "a;bcdef;", 4, until, "a;", ops.ErrTooLong, "bcde"},
		{"words", "  a few   words ", 8, words, "a|few|words", io.EOF, ""},
		{"a word that is too long", "a fewwords", 4, words, "a", ops.ErrTooLong, "feww"},
	}
	for _, c := range cases {
		for way, from := range sources {
			t.Run(c.name+"/"+way, func(t *testing.T) {
				s := &source{r: from(strings.NewReader(c.text))}
				b := ops.NewBufferedReader(s, make([]byte, c.size))
				got, err := readAll(s, b, func(h ops.Handler) { c.read(b, h) })
				if strings.Join(got, "|") != c.want || err != c.err {
					t.Errorf("read %q and %v, want %q and %v", got, err, c.want, c.err)
				}
				if string(b.Buffered()) != c.left {
					t.Errorf("left %q, want %q", b.Buffered(), c.left)
				}
				again, err2 := readAll(s, b, func(h ops.Handler) { c.read(b, h) })
				if len(again) != 0 || err2 != c.err {
					t.Errorf("after %v it read %q and %v", err, again, err2)
				}
			})
		}
	}
	if !errors.Is(ops.ErrTooLong, bufio.ErrTooLong) {
		t.Error("ErrTooLong is not that of bufio")
	}
}

func TestBufferedReaderFinalToken(t *testing.T) {
	s := &source{r: strings.NewReader("a few. words")}
	b := ops.NewBufferedReader(s, make([]byte, 20))
	got, err := readAll(s, b, func(h ops.Handler) {
		b.ReadToken(func(data []byte, atEOF bool) (int, []byte, error) {
			if len(data) > 0 && data[0] == 'f' {
				return 3, data[:3], bufio.ErrFinalToken
			}
			return bufio.ScanWords(data, atEOF)
		}, h)
	})
	if strings.Join(got, "|") != "a|few" || err != io.EOF {
		t.Errorf("read %q and %v", got, err)
	}
}

// A split function is called with what there is, and at the end of the stream with
// nothing: it may have a last token.
func TestBufferedReaderSplitCalls(t *testing.T) {
	var j journal
	s := &source{r: strings.NewReader("a b")}
	b := ops.NewBufferedReader(s, make([]byte, 8))
	for range 4 {
		b.ReadToken(func(data []byte, atEOF bool) (int, []byte, error) {
			j.add("split %q %v", data, atEOF)
			if atEOF && len(data) == 0 {
				return 0, []byte("last"), bufio.ErrFinalToken
			}
			return bufio.ScanWords(data, atEOF)
		}, j.handler())
		s.run()
	}
	j.check(t, `split "a b" false`, "handler 1 <nil>", `split "b" false`, `split "b" true`, "handler 1 <nil>",
		`split "" true`, "handler 4 <nil>", `split "" true`, "handler 4 <nil>")
}

// It is not called with nothing while there may be more.
func TestBufferedReaderSplitSkips(t *testing.T) {
	s := &source{r: iotest.OneByteReader(strings.NewReader("  a  b "))}
	b := ops.NewBufferedReader(s, make([]byte, 4))
	got, err := readAll(s, b, func(h ops.Handler) {
		b.ReadToken(func(data []byte, atEOF bool) (int, []byte, error) {
			if len(data) == 0 && !atEOF {
				t.Error("called with nothing")
			}
			return bufio.ScanWords(data, atEOF)
		}, h)
	})
	if strings.Join(got, "|") != "a|b" || err != io.EOF {
		t.Errorf("read %q and %v", got, err)
	}
}

// TestBufferedReaderGoesOnAfterTooLong skips the start of a line that does not fit.
func TestBufferedReaderGoesOnAfterTooLong(t *testing.T) {
	s := &source{r: strings.NewReader("123456789\nok\n")}
	b := ops.NewBufferedReader(s, make([]byte, 4))
	var got []string
	for range 10 {
		lines, err := readAll(s, b, b.ReadLine)
		got = append(got, lines...)
		if err != ops.ErrTooLong {
			break
		}
		b.Discard(len(b.Buffered()))
	}
	if strings.Join(got, "|") != "9|ok" {
		t.Errorf("read %q", got)
	}
}

// TestBufferedReaderReadFull reads a body after a header, in all the ways in which it
// can lie partly in the buffer.
func TestBufferedReaderReadFull(t *testing.T) {
	const text = "12\nhello, world"
	for way, from := range sources {
		for size := range 20 {
			t.Run(way, func(t *testing.T) {
				s := &source{r: from(strings.NewReader(text))}
				b := ops.NewBufferedReader(s, make([]byte, 8))
				var j journal
				b.ReadLine(j.handler())
				s.run()
				j.check(t, "handler 2 <nil>")
				body := make([]byte, size)
				b.ReadFull(body, j.handler())
				j.check(t)
				s.run()
				n, want := min(size, 12), error(nil)
				if size > 12 {
					want = io.ErrUnexpectedEOF
				}
				end := &journal{}
				end.add("handler %d %v", n, want)
				j.check(t, (*end)[0])
				if string(body[:n]) != "hello, world"[:n] {
					t.Errorf("read %q", body)
				}
				rest := make([]byte, 20)
				b.ReadFull(rest, ops.HandlerFunc(func(m int, err error) {
					if string(rest[:m]) != "hello, world"[n:] || err != io.EOF && m == 0 {
						t.Errorf("then read %q and %v", rest[:m], err)
					}
				}))
				s.run()
			})
		}
	}
}

// TestBufferedReaderReadFullAtTheEnd lets the stream end while bytes are in the buffer.
func TestBufferedReaderReadFullAtTheEnd(t *testing.T) {
	for size, want := range map[int]string{2: "handler 2 <nil>", 3: "handler 2 unexpected EOF"} {
		var j journal
		s := &script{text: "a\nbc", parts: []part{{4, nil}, {0, io.EOF}, {0, io.EOF}}}
		b := ops.NewBufferedReader(s, make([]byte, 8))
		b.ReadLine(j.handler())
		s.run()
		j.check(t, "handler 1 <nil>")
		body := make([]byte, size)
		b.ReadFull(body, j.handler())
		s.run()
		j.check(t, want)
		if string(body[:2]) != "bc" {
			t.Errorf("read %q", body)
		}
	}
}

// TestBufferedReaderErrors meets an error mid-way: what has come before is not lost.
func TestBufferedReaderErrors(t *testing.T) {
	for _, split := range []bool{false, true} {
		var j journal
		s := &script{alloc: &recorder{name: "a", journal: &j}, text: "a\nbc\n"}
		s.parts = []part{{3, errMid}, {0, nil}, {0, nil}, {0, ops.ErrCanceled}, {0, nil}, {2, nil}}
		b := ops.NewBufferedReader(s, make([]byte, 8))
		read := b.ReadLine
		if split {
			read = func(h ops.Handler) { b.ReadToken(bufio.ScanLines, h) }
		}
		once := func(want ...string) {
			t.Helper()
			read(j.handler())
			j.check(t, "a allocates 1")
			s.run()
			j.check(t, append([]string{"a releases"}, want...)...)
		}
		once("handler 1 <nil>")
		once("handler 0 mid-way")
		once("handler 0 ops: operation canceled")
		if string(b.Buffered()) != "b" {
			t.Errorf("%q is left", b.Buffered())
		}
		once("handler 2 <nil>")
		if string(b.Bytes()) != "bc" {
			t.Errorf("read %q", b.Bytes())
		}
	}
}

// A read of the stream is offered the whole buffer if nothing is in it, and all but what
// is left if that lies in its second half: what there is to move is less than what it
// makes room for.
func TestBufferedReaderRoom(t *testing.T) {
	for _, c := range []struct {
		text string // that comes first; what follows is the end of the line
		room int    // of 8
	}{{"a\n", 8}, {"a\nb", 5}, {"123\nb", 3}, {"1234\nb", 7}, {"12345\nb", 7}, {"a\n345678", 2}, {"", 8}, {"ab", 6}} {
		from := &offered{parts: []string{c.text, "\n"}}
		if c.text == "" {
			from.parts = from.parts[1:]
		}
		s := &source{r: from}
		b := ops.NewBufferedReader(s, make([]byte, 8))
		for len(from.parts) > 0 {
			b.ReadLine(ops.HandlerFunc(func(int, error) {}))
			s.run()
		}
		if from.room != c.room {
			t.Errorf("after %q, a read is offered %d bytes, want %d", c.text, from.room, c.room)
		}
	}
}

// offered knows how much a read could have read last.
type offered struct {
	parts []string
	room  int
}

func (o *offered) Read(b []byte) (n int, err error) {
	n, o.room = copy(b, o.parts[0]), len(b)
	o.parts = o.parts[1:]
	return n, nil
}

// A read may look for what one that failed did not look for.
func TestBufferedReaderAnotherDelimiter(t *testing.T) {
	for name, first := range map[string]func(*ops.BufferedReader, ops.Handler){
		"until": func(b *ops.BufferedReader, h ops.Handler) { b.ReadUntil(';', h) },
		"token": func(b *ops.BufferedReader, h ops.Handler) {
			b.ReadToken(func([]byte, bool) (int, []byte, error) { return 0, nil, nil }, h)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			s := &source{r: strings.NewReader("a,b\x00")}
			b := ops.NewBufferedReader(s, make([]byte, 4))
			for range 2 {
				first(b, j.handler())
				s.run()
				j.check(t, "handler 0 "+ops.ErrTooLong.Error())
			}
			b.ReadUntil(',', j.handler())
			s.run()
			first(b, j.handler())
			s.run()
			b.ReadUntil(0, j.handler())
			s.run()
			j.check(t, "handler 2 <nil>", "handler 0 unexpected EOF", "handler 2 <nil>")
		})
	}
}

// The byte that comes with an error may be the last of a line.
func TestBufferedReaderErrorWithOneByte(t *testing.T) {
	var j journal
	s := &source{r: &withError{parts: []string{"\n"}, err: errMid}}
	b := ops.NewBufferedReader(s, make([]byte, 8))
	b.ReadLine(j.handler())
	s.run()
	b.ReadLine(j.handler())
	s.run()
	j.check(t, "handler 0 <nil>", "handler 0 mid-way")
}

// A stream that says no more than that it has failed has read nothing.
func TestBufferedReaderFailsBetween(t *testing.T) {
	var j journal
	s := &failingLater{script{parts: []part{{2, nil}}, text: "ab"}}
	b := ops.NewBufferedReader(s, make([]byte, 8))
	b.ReadLine(j.handler())
	s.run()
	j.check(t, "handler 0 mid-way")
	if string(b.Buffered()) != "ab" {
		t.Errorf("%q is left, want %q", b.Buffered(), "ab")
	}
}

// An error that came with bytes is for the read that wants more than these, once; the end
// of the stream stays.
func TestBufferedReaderReadFullErrors(t *testing.T) {
	for _, reads := range [][]struct {
		size int
		want string
	}{
		{{2, "handler 2 <nil>"}, {1, "handler 0 mid-way"}, {1, "handler 1 <nil>"}},
		{{1, "handler 1 <nil>"}, {2, "handler 1 mid-way"}, {1, "handler 1 <nil>"}},
		{{3, "handler 2 mid-way"}, {1, "handler 1 <nil>"}},
	} {
		var j journal
		s := &source{r: &withError{parts: []string{"a\nbc", "d"}, err: errMid}}
		b := ops.NewBufferedReader(s, make([]byte, 8))
		b.ReadLine(j.handler())
		s.run()
		j.check(t, "handler 1 <nil>")
		for _, read := range reads {
			b.ReadFull(make([]byte, read.size), j.handler())
			s.run()
			j.check(t, read.want)
		}
	}
	var j journal
	s := &source{r: &withError{parts: []string{"a\nbc", "d"}, err: io.EOF}}
	b := ops.NewBufferedReader(s, make([]byte, 8))
	b.ReadLine(j.handler())
	s.run()
	for range 2 {
		b.ReadFull(make([]byte, 3), j.handler())
		s.run()
	}
	if j.check(t, "handler 1 <nil>", "handler 2 unexpected EOF", "handler 0 EOF"); s.asked != 1 {
		t.Errorf("the stream was read %d times", s.asked)
	}
}

// withError has an error with its first part.
type withError struct {
	parts []string
	err   error
}

func (w *withError) Read(b []byte) (n int, err error) {
	n, err = copy(b, w.parts[0]), w.err
	w.parts, w.err = w.parts[1:], nil
	return n, err
}

func TestBufferedReaderSplitErrors(t *testing.T) {
	for want, split := range map[error]bufio.SplitFunc{
		errMid:                   func([]byte, bool) (int, []byte, error) { return 0, nil, errMid },
		bufio.ErrNegativeAdvance: func([]byte, bool) (int, []byte, error) { return -1, nil, nil },
		bufio.ErrAdvanceTooFar:   func(b []byte, _ bool) (int, []byte, error) { return len(b) + 1, nil, nil },
	} {
		s := &source{r: strings.NewReader("text")}
		b := ops.NewBufferedReader(s, make([]byte, 8))
		got, err := readAll(s, b, func(h ops.Handler) { b.ReadToken(split, h) })
		if len(got) != 0 || err != want || string(b.Buffered()) != "text" {
			t.Errorf("read %q and %v, with %q left, want %v", got, err, b.Buffered(), want)
		}
	}
	for _, size := range []int{1, 8} {
		s := &script{parts: []part{{0, nil}}}
		var j journal
		ops.NewBufferedReader(s, make([]byte, size)).ReadLine(j.handler())
		s.run()
		j.check(t, "handler 0 "+io.ErrNoProgress.Error())
	}
}

func TestBufferedReaderExhausted(t *testing.T) {
	var j journal
	h := ops.WithAllocator(j.handler(), allocator.Null[ops.Operation]{})
	s := &source{r: strings.NewReader("one\ntwo\n")}
	b := ops.NewBufferedReader(s, make([]byte, 8))
	const told = "handler 0 allocator: exhausted"
	b.ReadLine(h)
	s.run()
	j.check(t, told)
	b.ReadLine(j.handler())
	s.run()
	j.check(t, "handler 3 <nil>")
	b.ReadLine(h) // what is in the buffer stays there
	s.run()
	b.ReadFull(make([]byte, 2), h)
	s.run()
	j.check(t, told, told)
	b.ReadLine(j.handler())
	s.run()
	j.check(t, "handler 3 <nil>")
	if s.asked != 1 {
		t.Errorf("the stream was read %d times", s.asked)
	}
}

func TestBufferedReaderMisuse(t *testing.T) {
	s := &source{r: strings.NewReader("one\ntwo\n")}
	b := ops.NewBufferedReader(s, make([]byte, 8))
	var j journal
	b.ReadLine(j.handler())
	mustPanic(t, "outstanding already", func() { b.ReadLine(j.handler()) })
	mustPanic(t, "outstanding already", func() { b.ReadFull(nil, j.handler()) })
	mustPanic(t, "outstanding already", func() { b.Reset(s, make([]byte, 8)) })
	mustPanic(t, "outstanding already", func() { b.Discard(0) })
	s.run()
	j.check(t, "handler 3 <nil>")
	for _, n := range []int{5, -1} {
		mustPanic(t, "more bytes than are buffered", func() { b.Discard(n) })
	}
	b.Discard(0)
	mustPanic(t, "no buffer", func() { b.Reset(s, nil) })
	mustPanic(t, "no Reader", func() { b.Reset(nil, make([]byte, 1)) })
	mustPanic(t, "without a Reader", func() { new(ops.BufferedReader).ReadLine(j.handler()) })
	mustPanic(t, "nil SplitFunc", func() { b.ReadToken(nil, j.handler()) })
	mustPanic(t, "nil Handler", func() { b.ReadLine(nil) })
	b.ReadLine(j.handler())
	s.run()
	j.check(t, "handler 3 <nil>")
	b.ReadLine(j.handler())
	s.ready[0].Abandon() // the proactor was closed
	s.ready = nil
	b.Reset(s, make([]byte, 8))
}
