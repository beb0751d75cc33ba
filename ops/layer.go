package ops

import "unsafe"

// A Layer is a stream on top of another one, as TLS is on top of TCP. An operation that
// is started on it is lowered: it is started on the stream below, as often as it takes,
// in the same memory and with everything that is associated with its handler. So what
// cancels it or limits its time works below, and the layer has to do nothing for it.
//
// It is for those who implement a [Reader] or [Writer]; see [Lowered].
type Layer interface {
	// PartEnded takes the result of what was started below, in N and Err. It
	// reports whether it has started another part. If not, N and Err are those of
	// the operation that was started on the layer.
	PartEnded(op *Operation) (started bool)

	// PartDropped is called in its place when the operation ends without a result:
	// its proactor was closed.
	PartDropped(op *Operation)
}

// A Lowered keeps what an operation is on a [Layer] while it is outstanding below. It
// keeps one operation at a time, and lies in the layer. The zero value is ready.
type Lowered struct {
	layer  Layer
	buf    []byte
	arg    unsafe.Pointer
	stream any
	flags  flags
}

// Lower makes op, which was started on l, one that can be started below: PartEnded is
// called with what comes of it. The layer sets the operation's Buf for each part; after
// the last one op has again the Buf that it has now.
func (k *Lowered) Lower(op *Operation, l Layer) {
	if k.layer != nil {
		panic("ops: Lowered: an operation is lowered already")
	}
	*k = Lowered{layer: l, buf: op.Buf, arg: op.Arg, stream: op.stream, flags: op.flags & lowered}
	op.flags &^= lowered
	op.stepBy(k)
}

// Buf returns what the operation is to read into, or to write.
func (k *Lowered) Buf() []byte { return k.buf }

// lowered are the flags that a layer keeps.
const lowered = stepMask | told

// raise undoes Lower.
func (k *Lowered) raise(op *Operation) {
	op.Buf, op.Arg, op.stream = k.buf, k.arg, k.stream
	op.flags = op.flags&^lowered | k.flags
	*k = Lowered{}
}

func (k *Lowered) takeStep(op *Operation) bool {
	if k.layer.PartEnded(op) {
		return true
	}
	k.raise(op)
	return op.flags&stepMask != 0 && op.takeStep()
}

func (k *Lowered) ended(op *Operation) {
	l := k.layer
	k.raise(op)
	l.PartDropped(op)
	if op.flags&told != 0 {
		op.stream.(stepper).ended(op)
	}
}
