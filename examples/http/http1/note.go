package http1

import "bytes"

// note takes down what a field says about the message itself.
func (h *Head) note(name, value []byte) error {
	switch len(name) {
	case len("host"):
		if fold(name, "host") {
			return h.noteHost(value)
		}
	case len("expect"):
		if fold(name, "expect") {
			return h.noteExpect(value)
		}
	case len("connection"):
		if fold(name, "connection") {
			h.noteConnection(value)
		}
	case len("content-length"):
		if fold(name, "content-length") {
			return h.noteLength(value)
		}
	case len("transfer-encoding"):
		if fold(name, "transfer-encoding") {
			return h.noteCoding(value)
		}
	}
	return nil
}

func (h *Head) noteHost(value []byte) error {
	if h.seen&seenHost != 0 {
		return errTwoHosts
	}
	if !isHost(value) {
		return errHost
	}
	h.seen |= seenHost
	if h.Host == nil { // that of an absolute target counts, RFC 9112, 3.2.2
		h.Host = value
	}
	return nil
}

func (h *Head) noteLength(value []byte) error {
	if h.seen&seenLength != 0 {
		return errTwoLengths
	}
	h.seen |= seenLength
	if len(value) == 0 || len(value) > 18 { // 18 digits are less than 1<<63
		return errLength
	}
	for _, d := range value {
		if d < '0' || d > '9' {
			return errLength
		}
		h.Length = h.Length*10 + int64(d-'0')
	}
	return nil
}

func (h *Head) noteCoding(value []byte) error {
	if h.seen&seenCoding != 0 {
		return errTwoCodings
	}
	h.seen |= seenCoding
	if fold(value, "chunked") {
		h.Chunked = true
		return nil
	}
	// A list of others is a matter of what is implemented. One that has chunked among
	// them is refused with any other body whose end is not plain: this server takes
	// none, and others have disagreed about where such a body ends.
	for rest, more := value, true; more; {
		var coding []byte
		coding, rest, more = bytes.Cut(rest, comma)
		coding = trim(coding)
		if !token.all(coding) || fold(coding, "chunked") || fold(coding, "identity") {
			return errCoding
		}
	}
	return errOtherCoding
}

var comma = []byte(",")

// noteConnection looks for the two options that there are for HTTP/1.
func (h *Head) noteConnection(value []byte) {
	for more := true; more; {
		var option []byte
		option, value, more = bytes.Cut(value, comma)
		option = trim(option)
		if fold(option, "close") {
			h.seen |= seenClose
		} else if fold(option, "keep-alive") {
			h.seen |= seenKeepAlive
		}
	}
}

func (h *Head) noteExpect(value []byte) error {
	if !fold(value, "100-continue") {
		return errExpectation
	}
	h.Continue = true
	return nil
}

// conclude looks at what only all fields together say.
func (h *Head) conclude() error {
	if h.Minor == 0 {
		if h.seen&seenCoding != 0 {
			return errCodingIn1_0
		}
		h.KeepAlive = h.seen&(seenKeepAlive|seenClose) == seenKeepAlive
		h.Continue = false
		return nil
	}
	if h.seen&seenHost == 0 {
		return errNoHost
	}
	if h.seen&(seenCoding|seenLength) == seenCoding|seenLength {
		return errTwoFramings
	}
	h.KeepAlive = h.seen&seenClose == 0
	return nil
}

// isHost reports whether b is a name or an address with or without a port. An empty one is
// not: what is asked for by http or https has a host.
func isHost(b []byte) bool {
	i := 0
	if len(b) > 0 && b[0] == '[' {
		for i = 1; i < len(b) && (hex.has(b[i]) || b[i] == ':' || b[i] == '.'); i++ {
		}
		if i == len(b) || b[i] != ']' || i < 3 {
			return false
		}
		i++
	} else {
		for i < len(b) && name.has(b[i]) {
			i++
		}
	}
	return i > 0 && (i == len(b) || b[i] == ':' && isPort(b[i+1:]))
}

// isPort reports whether b has at most five digits, and nothing else.
func isPort(b []byte) bool {
	for _, x := range b {
		if x < '0' || x > '9' {
			return false
		}
	}
	return len(b) <= 5
}
