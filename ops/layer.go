package ops

import "unsafe"

// A Layer is a stream on top of another, such as TLS on top of TCP. An operation on it is
// lowered: it is started on the stream below, as often as necessary, in the same memory
// and with everything associated with its handler. So cancellation and timeouts take
// effect on the stream below, and the layer need not do anything for them.
//
// Layer is for those who implement a [Reader] or [Writer]; see [Lowered].
type Layer interface {
	// PartEnded is called when a part that was started below has ended, with its
	// results in N and Err. It reports whether it has started another part. If
	// not, N and Err must be the results of the operation on the layer.
	PartEnded(op *Operation) (started bool)

	// PartDropped is called in place of PartEnded when the operation ends
	// without a result, because its proactor was closed.
	PartDropped(op *Operation)
}

// A Lowered remembers an operation of a [Layer] while it is outstanding below. It is
// a field of the layer, and remembers one operation at a time. The zero value is
// ready.
type Lowered struct {
	layer  Layer
	buf    []byte
	arg    unsafe.Pointer
	stream any
	flags  flags
}

// Lower turns op, which was started on l, into an operation that can be started below,
// and for which PartEnded is called. The layer sets op.Buf for each part. After the last
// part op.Buf is again what it is now.
func (k *Lowered) Lower(op *Operation, l Layer) {
	if k.layer != nil {
		panic("ops: Lowered: an operation is lowered already")
	}
	*k = Lowered{layer: l, buf: op.Buf, arg: op.Arg, stream: op.stream, flags: op.flags & lowered}
	op.flags &^= lowered
	op.stepBy(k)
}

// Buf returns the buffer that the operation on the layer reads into, or writes.
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
