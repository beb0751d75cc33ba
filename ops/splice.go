package ops

// A Splicer is a stream that can give what it brings to another one through a pipe of the
// system, so that the bytes are not copied to the program and back (splice(2) of Linux). A
// [Copier], and so a [Pipe], does that where both of its streams can. It is for those who
// implement a platform.
type Splicer interface {
	Reader
	Writer

	// TrySplice takes what there is to read, without waiting, for op, which is the next
	// part of a composed operation on this stream. If it reports true, StartSplice of
	// dst must be called with op. Otherwise nothing was taken, and a read is to say why.
	//
	// It is asked with the streams as the program has given them. If src or dst is
	// another type, which may only contain what it is asked of, nothing is taken: its
	// reads and writes may be its own.
	TrySplice(src Reader, dst Writer, op *Operation) bool

	// StartSplice writes all that TrySplice of another stream has taken, and completes op
	// later with the number of bytes written, which is less than all only with an
	// error. What was not written then is lost.
	StartSplice(op *Operation)
}

// bulkSize is how many bytes at once are worth a splice. With fewer, the calls cost more
// than copying.
const bulkSize = 32 << 10

// trySplice has the system move what there is, if a lot has come lately.
func (c *Copier) trySplice(op *Operation) bool {
	if !c.bulk {
		return false
	}
	from, ok := c.src.(Splicer)
	if !ok || !from.TrySplice(c.src, c.dst, op) {
		return false
	}
	c.writing, c.splicing = true, true
	c.change(op, nil)
	c.dst.(Splicer).StartSplice(op)
	return true
}

// isBulk reports whether the last part has moved so much that there may be more at once.
func (c *Copier) isBulk(n int) bool { return n >= min(len(c.buf), bulkSize) }
