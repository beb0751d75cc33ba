package http1

import "bytes"

// maxChunkLine bounds the line with the size of a chunk, and maxTrailer all lines of the
// trailer. Both are read anew when more of them arrives, so both are small.
const (
	maxChunkLine = 256
	maxTrailer   = 4096
)

// Chunks removes the chunked coding from a body that arrives in pieces. The zero value is
// at the beginning of a body.
type Chunks struct {
	left    int64 // bytes of the chunk that are to come
	trailer int   // bytes of the trailer that were read
	state   chunkState
}

type chunkState uint8

const (
	inSize chunkState = iota
	inData
	inEnd
	inTrailer
	inNothing
)

// Decode reads what has arrived of a body and puts the bytes that it is about at the
// beginning of b. It returns how many those are and how many it has read; the bytes that
// are left are either the beginning of a line, to be given again with more, or, when done
// is set, whatever follows the body. The fields of the trailer are read and dropped. An
// error is a *[Refusal].
func (c *Chunks) Decode(b []byte) (body, read int, done bool, err error) {
	for {
		rest := b[read:]
		switch c.state {
		case inSize:
			line, n, err := cutLine(rest, maxChunkLine, errChunkSize)
			if n == 0 || err != nil {
				return body, read, false, err
			}
			if c.left, err = chunkSize(line); err != nil {
				return body, read, false, err
			}
			read += n
			if c.state = inData; c.left == 0 {
				c.state = inTrailer
			}
		case inData:
			n := int(min(c.left, int64(len(rest))))
			copy(b[body:], rest[:n])
			body, read, c.left = body+n, read+n, c.left-int64(n)
			if c.left > 0 {
				return body, read, false, nil
			}
			c.state = inEnd
		case inEnd:
			if len(rest) > 0 && rest[0] != '\r' || len(rest) > 1 && rest[1] != '\n' {
				return body, read, false, errChunkEnd
			}
			if len(rest) < 2 {
				return body, read, false, nil
			}
			read += 2
			c.state = inSize
		case inTrailer:
			line, n, err := cutLine(rest, maxTrailer-c.trailer, errTrailerLarge)
			if n == 0 || err != nil {
				return body, read, false, err
			}
			read += n
			c.trailer += n
			if len(line) == 0 {
				c.state = inNothing
			} else if err := checkField(line); err != nil {
				return body, read, false, err
			}
		case inNothing:
			return body, read, true, nil
		}
	}
}

// cutLine returns the line that b begins with, without its end, and its length with that:
// 0 if it is not there yet. A line of more than limit bytes is refused.
func cutLine(b []byte, limit int, tooLong error) ([]byte, int, error) {
	i := bytes.IndexByte(b[:min(len(b), limit)], '\n')
	if i < 0 {
		if len(b) >= limit {
			return nil, 0, tooLong
		}
		return nil, 0, nil
	}
	if i == 0 || b[i-1] != '\r' {
		return nil, 0, errLineEnd
	}
	return b[:i-1], i + 1, nil
}

// chunkSize reads the line at the beginning of a chunk (RFC 9112, 7.1).
func chunkSize(line []byte) (size int64, err error) {
	i := 0
	for i < len(line) && hex.has(line[i]) {
		d := line[i]
		switch {
		case d <= '9':
			d -= '0'
		default:
			d = d&^0x20 - 'A' + 10
		}
		if i >= 15 { // 15 digits are less than 1<<63
			return 0, errChunkSize
		}
		size = size<<4 | int64(d)
		i++
	}
	if i == 0 {
		return 0, errChunkSize
	}
	if rest := line[i:]; len(rest) > 0 {
		if rest[0] != ';' {
			return 0, errChunkSize
		}
		return size, checkExtensions(rest)
	}
	return size, nil
}

// checkExtensions reads what may follow the size of a chunk: any number of ";name" and
// ";name=value", where a value is a token or a quoted string. They are ignored.
func checkExtensions(b []byte) error {
	for len(b) > 0 {
		if b[0] != ';' {
			return errChunkExt
		}
		n := tokenLength(b[1:])
		if n == 0 {
			return errChunkExt
		}
		b = b[1+n:]
		if len(b) == 0 || b[0] != '=' {
			continue
		}
		b = b[1:]
		n = tokenLength(b)
		if n == 0 {
			n = quotedLength(b)
		}
		if n == 0 {
			return errChunkExt
		}
		b = b[n:]
	}
	return nil
}

func tokenLength(b []byte) int {
	n := 0
	for n < len(b) && token.has(b[n]) {
		n++
	}
	return n
}

// quotedLength returns the length of the quoted string that b begins with, or 0.
func quotedLength(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch {
		case isControl(b[i]):
			return 0
		case b[i] == '"':
			return i + 1
		case b[i] == '\\':
			i++
			if i == len(b) || isControl(b[i]) {
				return 0
			}
		}
	}
	return 0
}

// checkField looks at a line of a trailer.
func checkField(line []byte) error {
	n := tokenLength(line)
	if n == 0 || n == len(line) || line[n] != ':' {
		return errName
	}
	if control(line, n) != len(line) {
		return errValue
	}
	return nil
}
