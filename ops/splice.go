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
	// src and dst are the streams as the program passed them. If either is another type
	// that merely embeds a connection, TrySplice takes nothing, because that type may
	// have its own StartRead or StartWrite.
	TrySplice(src Reader, dst Writer, op *Operation) bool

	// StartSplice writes all that TrySplice of another stream has taken, and completes op
	// later with the number of bytes written, which is less than all only with an
	// error. What was not written then is lost.
	StartSplice(op *Operation)
}

// A haul says when it pays to have the system move what a stream brings. It does not for
// short messages, nor for long ones that end just when it is tried: so it is tried when
// several reads in a row have brought much, and after each time in vain twice as many.
type haul struct {
	long uint8 // reads in a row that have brought much
	need uint8 // how many make it worth a try, once there was one in vain
}

const (
	wholeRead  = 64 << 10 // bytes; the most that a platform reads at once is a multiple
	longSplice = 48 << 10 // so that a pipe of 64 KiB that is not quite full is long
	firstNeed  = 2
	mostNeed   = 64
)

// read notes what a read into a buffer of some size has brought. It is long if there may have
// been more. After a shorter one a platform knows, or may know, that there is no more, and
// a try would be in vain.
func (x *haul) read(n, size int) {
	if n < size && n%wholeRead != 0 {
		x.long = 0
	} else if x.long < mostNeed {
		x.long++
	}
}

// pays reports whether to try.
func (x *haul) pays() bool { return x.long >= max(x.need, firstNeed) }

// spliced notes how much was moved instead of reading it into a buffer of some size.
func (x *haul) spliced(n, size int) {
	if n >= longSplice || n/2 >= size {
		x.need = 0
	} else {
		*x = haul{need: min(2*max(x.need, firstNeed), mostNeed)}
	}
}

// trySplice has the system move what there is, if that may pay. It does not if the copy is to
// end: a read then takes nothing.
func (c *Copier) trySplice(op *Operation) bool {
	if !c.haul.pays() || op.isCanceled() {
		return false
	}
	from, ok := c.src.(Splicer)
	if !ok || !from.TrySplice(c.src, c.dst, op) {
		c.haul.spliced(0, len(c.buf))
		return false
	}
	c.writing, c.splicing = true, true
	c.change(op, nil)
	c.dst.(Splicer).StartSplice(op)
	return true
}

// spliced goes on when all that the system was given is written.
func (c *Copier) spliced(op *Operation) bool {
	if op.Err != nil {
		return c.finish(op, op.Err)
	}
	c.haul.spliced(op.N, len(c.buf))
	c.splicing = false
	return c.goOn(op)
}
