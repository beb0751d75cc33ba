package ops

// A Splicer is a stream whose data the system can move to another stream through a pipe,
// without copying it to the program and back (splice(2) of Linux). A [Copier], and so a
// [Pipe], uses that if both of its streams can. Splicer is for those who implement a
// platform.
type Splicer interface {
	Reader
	Writer
	WaitReader

	// TrySplice takes what there is to read, without waiting, for op, which is the next
	// part of a composed operation on this stream. If it reports true, StartSplice of
	// dst must be called with op. Otherwise nothing was taken: a read tells why, or
	// StartWaitReadable when to try again.
	//
	// src and dst are the streams as the program passed them. If either is another type
	// that merely embeds a connection, TrySplice takes nothing, because that type may
	// have its own StartRead or StartWrite.
	TrySplice(src Reader, dst Writer, op *Operation) bool

	// StartSplice writes everything that TrySplice of another stream has taken, and
	// completes op later with the number of bytes written. Only with an error is that
	// fewer than were taken; the rest is then lost.
	StartSplice(op *Operation)
}

// A haul decides when to let the system move what a stream brings. That does not pay for
// short messages, nor for long ones that end just when it is tried. So it is tried after
// several long reads in a row, and after twice as many each time it was in vain.
type haul struct {
	long uint8 // long reads in a row
	need uint8 // how many make it worth a try, once there was one in vain
	good bool  // the last part was a long splice
}

const (
	wholeRead  = 64 << 10 // bytes; the most that a platform reads at once is a multiple
	longSplice = 48 << 10 // so that a pipe of 64 KiB that is not quite full is long
	firstNeed  = 2
	mostNeed   = 64
)

// read notes that a read into a buffer of some size has brought n bytes. The read is long if
// there may have been more. After a shorter read the platform may know that there is no more,
// and a try would be in vain.
func (x *haul) read(n, size int) {
	if n < size && n%wholeRead != 0 {
		x.long = 0
	} else if x.long < mostNeed {
		x.long++
	}
}

// pays reports whether to try.
func (x *haul) pays() bool { return x.long >= max(x.need, firstNeed) }

// spliced notes that n bytes were moved instead of being read into a buffer of some size.
func (x *haul) spliced(n, size int) {
	if n >= longSplice || n/2 >= size {
		x.need, x.good = 0, true
	} else {
		*x = haul{need: min(2*max(x.need, firstNeed), mostNeed)}
	}
}

// trySplice makes the system move what there is, if that may pay, or what comes next after a
// good splice: a read would copy that. It does nothing if the copy must end: a read then takes
// nothing.
func (c *Copier) trySplice(op *Operation) bool {
	if !c.haul.pays() || op.isCanceled() {
		return false
	}
	from, ok := c.src.(Splicer)
	switch {
	case ok && from.TrySplice(c.src, c.dst, op):
		c.writing, c.splicing = true, true
		c.change(op, nil)
		c.dst.(Splicer).StartSplice(op)
	case ok && op.Err == nil && c.haul.good:
		c.haul.good, c.waiting = false, true
		from.StartWaitReadable(op)
	default:
		c.haul.spliced(0, len(c.buf))
		return false
	}
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
