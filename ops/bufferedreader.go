package ops

import (
	"bufio"
	"bytes"
	"io"
)

// ErrTooLong is the error of a read of a [BufferedReader] whose buffer is full and
// contains no delimiter. errors.Is also finds bufio.ErrTooLong in it.
var ErrTooLong error = tooLongError{}

type tooLongError struct{}

func (tooLongError) Error() string        { return "ops: the delimiter does not come within the buffer" }
func (tooLongError) Is(target error) bool { return target == bufio.ErrTooLong }

// A BufferedReader reads a stream up to a delimiter: lines, headers, words. Bytes that
// follow the delimiter stay in its buffer, for the next read.
//
// The program provides the buffer, and its length limits what can be read at once. One read
// may be outstanding at a time; starting another panics. Each read uses one block of
// memory, however many reads of the stream it needs. A read that the buffer can serve does
// not read the stream. But if the stream was closed, or its deadline has passed, such a
// read fails like any other. A BufferedReader can be a field of a session struct; see
// [BufferedReader.Reset]. It must not be copied while a read is outstanding.
type BufferedReader struct {
	r          Reader
	buf        []byte
	start, end int    // of the bytes that have been read and not been taken
	token      []byte // the bytes that the last read has taken

	err       error // found with bytes that are still to be taken; io.EOF stays
	searched  int   // bytes from start on that contain no delimiter
	split     bufio.SplitFunc
	into      []byte // to be filled from the buffer first
	delimiter byte
	line      bool // without its end
	active    bool
}

// NewBufferedReader returns a reader of r with a buffer.
func NewBufferedReader(r Reader, buf []byte) *BufferedReader {
	b := new(BufferedReader)
	b.Reset(r, buf)
	return b
}

// Reset makes b a reader of r with a buffer, as if it were new. It panics while a read
// is outstanding.
func (b *BufferedReader) Reset(r Reader, buf []byte) {
	b.mustBeQuiet()
	if r == nil || len(buf) == 0 {
		panic("ops: BufferedReader: no Reader, or no buffer")
	}
	*b = BufferedReader{r: r, buf: buf}
}

func (b *BufferedReader) mustBeQuiet() {
	if b.active {
		panic("ops: BufferedReader: a read is outstanding already")
	}
}

// ReadUntil reads up to and including the first delimiter. Its handler is called with
// the number of bytes and nil; [BufferedReader.Bytes] returns them.
//
// If the stream ends first, the error is io.EOF when nothing is left, and
// io.ErrUnexpectedEOF otherwise. If the buffer is full first, the error is
// [ErrTooLong]. A read that fails takes nothing: [BufferedReader.Buffered] returns the
// bytes in the buffer, and [BufferedReader.Discard] skips any number of them.
func (b *BufferedReader) ReadUntil(delimiter byte, h Handler) {
	b.readUntil(h, nil, delimiter, false)
}

// ReadLine is ReadUntil for a line: Bytes returns it without its end, "\n" or "\r\n".
// As with bufio.ScanLines, the last line of a stream need not have an end.
func (b *BufferedReader) ReadLine(h Handler) {
	b.readUntil(h, nil, '\n', true)
}

// ReadToken is ReadUntil with a function that finds the token: bufio.ScanWords, for
// example, or one that finds the end of a header. As with a bufio.Scanner, the function is
// called with everything in the buffer, and with true at the end of the stream. Bytes
// that it skips without returning a token are gone. If it returns an error, the handler
// is called with that error; bufio.ErrFinalToken ends the stream after the token.
func (b *BufferedReader) ReadToken(split bufio.SplitFunc, h Handler) {
	if split == nil {
		panic("ops: BufferedReader: nil SplitFunc")
	}
	b.readUntil(h, split, 0, false)
}

// ReadFull reads exactly len(p) bytes, like the function of that name: first those in
// the buffer, and the rest from the stream into p, without going through the buffer.
// Use it for a body that follows a header.
func (b *BufferedReader) ReadFull(p []byte, h Handler) {
	op := b.begin(h)
	if op.Buf = p; !b.isEmpty() {
		op.Buf, b.into = nil, p
	}
	op.stepBy((*throughBuffer)(b))
	b.r.StartRead(op)
}

// Bytes returns the bytes that the last read has taken. They are valid until the next
// read starts.
func (b *BufferedReader) Bytes() []byte { return b.token }

// Buffered returns the bytes that were read from the stream and have not been taken
// yet. They are valid until the next read starts.
func (b *BufferedReader) Buffered() []byte { return b.buf[b.start:b.end] }

// Discard skips the next n bytes of the buffer. It panics if there are fewer, or while
// a read is outstanding.
func (b *BufferedReader) Discard(n int) {
	b.mustBeQuiet()
	if n < 0 || n > b.end-b.start {
		panic("ops: BufferedReader: Discard of more bytes than are buffered")
	}
	b.take(n)
}

func (b *BufferedReader) take(n int) {
	b.start += n
	b.searched = 0
}

// isEmpty reports whether only the stream can tell what comes next.
func (b *BufferedReader) isEmpty() bool { return b.start == b.end && b.err == nil }

func (b *BufferedReader) begin(h Handler) *Operation {
	b.mustBeQuiet()
	if b.r == nil {
		panic("ops: a BufferedReader without a Reader: use NewBufferedReader or Reset")
	}
	op := begin(h, nil, b.r)
	b.active, b.token = true, nil
	return op
}

// readUntil starts to read up to something. If the buffer is not empty, the first part
// reads nothing, so that what is found in the buffer is reported later too.
func (b *BufferedReader) readUntil(h Handler, split bufio.SplitFunc, delimiter byte, line bool) {
	op := b.begin(h)
	if delimiter != b.delimiter {
		b.searched = 0
	}
	b.split, b.delimiter, b.line = split, delimiter, line
	if b.isEmpty() {
		op.Buf = b.room()
	}
	op.stepBy(b)
	b.r.StartRead(op)
}

// room returns where to read into.
func (b *BufferedReader) room() []byte {
	if b.start > 0 && (b.start == b.end || b.end == len(b.buf) || b.start > len(b.buf)/2) {
		b.end = copy(b.buf, b.Buffered())
		b.start = 0
	}
	return b.buf[b.end:]
}

func (b *BufferedReader) takeStep(op *Operation) bool {
	n, err, asked := op.N, op.Err, len(op.Buf) > 0
	op.N, op.Err = 0, nil
	b.end += n
	if n > 0 || err == io.EOF {
		b.err = err
	} else if err != nil {
		op.Err = err
		return false
	}
	found, err := b.find()
	if err == nil && !found && asked && n == 0 {
		err = io.ErrNoProgress
	}
	if found || err != nil {
		op.N, op.Err = len(b.token), err
		return false
	}
	op.Buf = b.room()
	b.r.StartRead(op)
	return true
}

// ended is called by what begins with [BufferedReader.begin].
func (b *BufferedReader) ended(*Operation) { b.active, b.into = false, nil }

// find searches the buffer for what the read is for. The error says why that cannot
// come any more.
func (b *BufferedReader) find() (found bool, err error) {
	if b.split != nil {
		found, err = b.findToken()
	} else {
		found = b.findDelimiter()
	}
	left := len(b.Buffered())
	switch {
	case found || err != nil:
	case b.err == io.EOF && left > 0:
		err = io.ErrUnexpectedEOF
	case b.err == io.EOF:
		err = io.EOF
	case b.err != nil:
		err, b.err = b.err, nil
	case left == len(b.buf):
		err = ErrTooLong
	}
	return found, err
}

func (b *BufferedReader) findDelimiter() bool {
	data := b.Buffered()
	n := bytes.IndexByte(data[b.searched:], b.delimiter)
	switch {
	case n >= 0:
		data = data[:b.searched+n+1]
	case b.line && b.err == io.EOF && len(data) > 0:
	default:
		b.searched = len(data)
		return false
	}
	b.take(len(data))
	if b.line {
		data = bytes.TrimSuffix(data, []byte{'\n'})
		data = bytes.TrimSuffix(data, []byte{'\r'})
	}
	b.token = data
	return true
}

func (b *BufferedReader) findToken() (found bool, err error) {
	for b.start < b.end || b.err == io.EOF {
		data := b.Buffered()
		n, token, err := b.split(data, b.err == io.EOF)
		switch {
		case err == bufio.ErrFinalToken:
			b.take(len(data))
			b.token, b.err = token, io.EOF
			return token != nil, nil
		case err != nil:
			return false, err
		case n < 0:
			return false, bufio.ErrNegativeAdvance
		case n > len(data):
			return false, bufio.ErrAdvanceTooFar
		}
		b.take(n)
		if token != nil {
			b.token = token
			return true, nil
		}
		if n == 0 {
			break
		}
	}
	return false, nil
}

// throughBuffer is a BufferedReader that reads a number of bytes.
type throughBuffer BufferedReader

func (t *throughBuffer) takeStep(op *Operation) bool {
	b := (*BufferedReader)(t)
	if op.Err == io.EOF && b.into != nil { // the stream has ended, but the buffer is not empty
		op.Err, b.err = nil, io.EOF
	}
	if b.into != nil && op.Err == nil {
		op.Buf, b.into = b.into, nil
		op.N = copy(op.Buf, b.Buffered())
		b.take(op.N)
		if op.N < len(op.Buf) {
			if op.Err = b.err; b.err != io.EOF {
				b.err = nil
			}
		}
	}
	return op.readMore(b.r)
}

func (t *throughBuffer) ended(op *Operation) { (*BufferedReader)(t).ended(op) }
