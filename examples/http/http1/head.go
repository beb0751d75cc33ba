package http1

import (
	"bytes"
	"encoding/binary"
)

// Limits bound a head.
type Limits struct {
	Head   int // bytes of all of it
	Target int // bytes
	Fields int // how many, at most [MaxFields]
}

// MaxFields is how many fields a [Head] has room for.
const MaxFields = 128

// A Head is a request line and header fields. Its slices are parts of the buffer that was
// parsed, and are good for as long as that is. The zero value is ready, and is used again
// for each request.
type Head struct {
	Method Method

	// Target is as it was sent. Of one that is absolute, or begins with a slash, Path is
	// what comes before "?" and Query what comes after it; nothing is decoded.
	Target, Path, Query []byte

	// Host is the host and the port that are asked for. It is nil where HTTP/1.0 has none.
	Host []byte

	// Minor is that of the version, 0 or 1: a later one is treated as 1.
	Minor int

	// Length is that of the body, or 0, and Chunked says that it is in chunks.
	Length  int64
	Chunked bool

	// KeepAlive says that the client has more to ask when it has the answer.
	KeepAlive bool

	// Continue says that the client waits for 100 (Continue) before it sends the body.
	Continue bool

	buf    []byte
	fields [MaxFields]field
	count  int
	seen   seen
}

// A field lies in the buffer: its name from start, and its value.
type field struct{ name, nameEnd, value, valueEnd uint32 }

// seen is which of the fields that matter here there were.
type seen uint8

const (
	seenHost seen = 1 << iota
	seenLength
	seenCoding
	seenClose
	seenKeepAlive
)

// Fields returns how many fields there are.
func (h *Head) Fields() int { return h.count }

// Field returns a field, in the order in which they came: its name as it was sent, and
// its value without the space around it.
func (h *Head) Field(i int) (name, value []byte) {
	f := &h.fields[:h.count][i]
	return h.buf[f.name:f.nameEnd:f.nameEnd], h.buf[f.value:f.valueEnd:f.valueEnd]
}

// Get returns the value of the first field of a name, which is in lower case, or nil.
func (h *Head) Get(name string) []byte {
	for i := range h.fields[:h.count] {
		f := &h.fields[i]
		if fold(h.buf[f.name:f.nameEnd], name) {
			return h.buf[f.value:f.valueEnd:f.valueEnd]
		}
	}
	return nil
}

// http11 is "HTTP/1.1" as it lies in memory.
const http11 = 0x312e312f50545448

// Parse reads the head that b begins with and returns its length, with the empty line. One
// empty line before it is skipped. The error is [ErrIncomplete] if b has not all of it,
// and otherwise a *[Refusal]; the head is then of no use.
func (h *Head) Parse(b []byte, limits *Limits) (int, error) {
	h.buf, h.count, h.seen = b, 0, 0
	h.Path, h.Query, h.Host = nil, nil, nil
	h.Length, h.Chunked, h.Continue = 0, false, false

	i, err := h.requestLine(b, limits)
	for err == nil {
		if i >= len(b) {
			err = ErrIncomplete
			break
		}
		if b[i] == '\r' {
			if i+1 == len(b) {
				err = ErrIncomplete
			} else if b[i+1] != '\n' {
				err = errLineEnd
			} else if i += 2; i > limits.Head {
				err = errHeadLarge
			} else {
				return i, h.conclude()
			}
			break
		}
		i, err = h.field(b, i, limits)
	}
	if err == ErrIncomplete && len(b) >= limits.Head {
		err = errHeadLarge
	}
	return 0, err
}

// requestLine returns the index of what follows the first line.
func (h *Head) requestLine(b []byte, limits *Limits) (int, error) {
	i := 0
	if len(b) > 0 && b[0] == '\r' {
		if len(b) == 1 {
			return 0, ErrIncomplete
		}
		if b[1] != '\n' {
			return 0, errLineEnd
		}
		i = 2
	}

	if len(b)-i >= 4 && string(b[i:i+4]) == "GET " {
		h.Method = GET
		i += 4
	} else {
		start := i
		for i < len(b) && token.has(b[i]) {
			i++
		}
		if i-start > maxMethod {
			return 0, errMethod
		}
		if i == len(b) {
			return 0, ErrIncomplete
		}
		if i == start || b[i] != ' ' {
			return 0, errMethod
		}
		h.Method = methodOf(b[start:i])
		i++
	}

	start := i
	for i < len(b) && target.has(b[i]) {
		i++
	}
	if i-start > limits.Target {
		return 0, errTargetLong
	}
	if i == len(b) {
		return 0, ErrIncomplete
	}
	if i == start || b[i] != ' ' {
		return 0, errTarget
	}
	h.Target = b[start:i:i]
	i++

	if len(b)-i < len("HTTP/1.1\r\n") {
		return 0, ErrIncomplete
	}
	if binary.LittleEndian.Uint64(b[i:]) == http11 {
		h.Minor = 1
	} else if err := h.version(b[i : i+8]); err != nil {
		return 0, err
	}
	if b[i+8] != '\r' || b[i+9] != '\n' {
		return 0, errLineEnd
	}
	if len(h.Target) == 1 && h.Target[0] == '/' && h.Method != CONNECT {
		h.Path = h.Target
		return i + 10, nil
	}
	return i + 10, h.form()
}

// maxMethod is well above the length of every method that is registered.
const maxMethod = 32

func (h *Head) version(v []byte) error {
	digit := func(b byte) bool { return '0' <= b && b <= '9' }
	switch {
	case string(v[:5]) != "HTTP/" || !digit(v[5]) || v[6] != '.' || !digit(v[7]):
		return errVersion
	case v[5] != '1':
		return errMajor
	}
	h.Minor = min(int(v[7]-'0'), 1)
	return nil
}

// form takes the target apart (RFC 9112, 3.2).
func (h *Head) form() error {
	t := h.Target
	switch {
	case h.Method == CONNECT:
		if !isHost(t) || bytes.IndexByte(t, ':') < 0 {
			return errForm
		}
		return nil
	case t[0] == '/':
	case len(t) == 1 && t[0] == '*' && h.Method == OPTIONS:
		return nil
	default:
		scheme := bytes.Index(t, []byte("://"))
		if scheme < 0 || !fold(t[:scheme], "http") && !fold(t[:scheme], "https") {
			return errForm
		}
		t = t[scheme+3:]
		end := bytes.IndexAny(t, "/?")
		if end < 0 {
			end = len(t)
		}
		if h.Host = t[:end:end]; !isHost(h.Host) {
			return errForm
		}
		if t = t[end:]; len(t) == 0 {
			h.Path = slash
			return nil
		}
	}
	h.Path = t
	if q := bytes.IndexByte(t, '?'); q >= 0 {
		h.Path, h.Query = t[:q:q], t[q+1:]
		if q == 0 {
			h.Path = slash
		}
	}
	return nil
}

var slash = []byte("/")

// field reads the field at i, and returns the index of what follows it.
func (h *Head) field(b []byte, i int, limits *Limits) (int, error) {
	start := i
	for i < len(b) && token.has(b[i]) {
		i++
	}
	if i == len(b) {
		return 0, ErrIncomplete
	}
	if i == start || b[i] != ':' {
		return 0, errName
	}
	nameEnd := i
	i++
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	value := i
	i = control(b, i)
	if i+1 >= len(b) {
		if i < len(b) && b[i] != '\r' {
			return 0, errValue
		}
		return 0, ErrIncomplete
	}
	if b[i] != '\r' {
		return 0, errValue
	}
	if b[i+1] != '\n' {
		return 0, errLineEnd
	}
	valueEnd := i
	for valueEnd > value && isSpace(b[valueEnd-1]) {
		valueEnd--
	}
	if h.count >= min(limits.Fields, MaxFields) {
		return 0, errTooManyLines
	}
	h.fields[h.count] = field{uint32(start), uint32(nameEnd), uint32(value), uint32(valueEnd)}
	h.count++
	return i + 2, h.note(b[start:nameEnd], b[value:valueEnd:valueEnd])
}
