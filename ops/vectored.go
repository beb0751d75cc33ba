package ops

import (
	"io"
	"unsafe"
)

// A VectorWriter is a [Writer] that can write several buffers in one operation.
type VectorWriter interface {
	Writer

	// StartWriteVectored starts to write some of the buffers, one after the
	// other, at least one byte unless all are empty, and completes op later
	// like StartWrite. The list and the buffers stay unchanged until then.
	// op.Buf and op.Args[1] belong to the code that started op.
	StartWriteVectored(op *Operation, bufs [][]byte)
}

// WriteVectoredFull writes all of several buffers to w, one after the other, without
// copying them together. Its handler is called with the number of bytes written, which
// is less than their total length only with an error. It uses one block of memory until
// it ends, however many writes it takes.
//
// The list and the buffers belong to the operation until its handler is called, and are
// then as they were. (Meanwhile the list may contain a shortened buffer.) A list has at
// most 16,777,215 buffers. Another write that is started on w before this
// one ends may put bytes into the middle.
func WriteVectoredFull(w VectorWriter, bufs [][]byte, h Handler) {
	if uint64(len(bufs))>>listBits != 0 {
		panic("ops: WriteVectoredFull: too many buffers")
	}
	op := begin(h, nil, w)
	op.stream = w
	op.setList(bufs)
	op.flags |= stepVectored
	w.StartWriteVectored(op, bufs)
}

const (
	cutBits    = 40 // of Args[1]: how much is cut off a buffer, and before it which one
	listBits   = 64 - cutBits
	bufferSize = int(unsafe.Sizeof([]byte(nil)))
)

// setList keeps a list of buffers in Buf, which a vectored operation does not use
// otherwise.
func (op *Operation) setList(bufs [][]byte) {
	op.Buf = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(bufs))), len(bufs)*bufferSize)
}

func (op *Operation) list() [][]byte {
	return unsafe.Slice((*[]byte)(unsafe.Pointer(unsafe.SliceData(op.Buf))), len(op.Buf)/bufferSize)
}

// moreVectored is more for a list of buffers, and starts that other part.
func (op *Operation) moreVectored() bool {
	list := op.list()
	at, cut := int(op.Args[1]>>cutBits), int(op.Args[1]&(1<<cutBits-1))
	if cut > 0 {
		list[at] = uncut(list[at], cut)
	}
	cut += op.N
	for at < len(list) && cut >= len(list[at]) {
		cut -= len(list[at])
		at++
	}
	switch {
	case at == len(list):
		if op.N > 0 {
			op.Err = nil // as in more
		}
	case op.Err == nil && op.N == 0:
		op.Err = io.ErrNoProgress
	case op.Err == nil:
		list[at] = list[at][cut:]
		op.Args[1] = uint64(at)<<cutBits | uint64(cut)
		op.N = 0
		op.stream.(VectorWriter).StartWriteVectored(op, list[at:])
		return true
	}
	op.N = cut
	for _, b := range list[:at] {
		op.N += len(b)
	}
	return false
}

// uncut returns the buffer of which b is what is left without the first n bytes.
func uncut(b []byte, n int) []byte {
	start := (*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), -n))
	return unsafe.Slice(start, cap(b)+n)[:len(b)+n]
}
