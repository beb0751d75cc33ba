package uring

import (
	"io"
	"os"
	"unsafe"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/descriptor"
)

// TakeFile implements backend.FileBackend.
func (b *Backend) TakeFile(s *backend.Socket, f *os.File) error {
	fd, err := descriptor.TakeOver(f)
	if err != nil {
		return err
	}
	if err := b.attachWaiting(s, fd, descriptor.Traits{File: true}); err != nil {
		return err
	}
	f.Close()
	return nil
}

// prepareFile hands the kernel an operation on a file, or what is left of one after N
// bytes. One that may copy much is for a thread of the kernel's: this one could not be
// stopped meanwhile.
func (b *Backend) prepareFile(e *socket, op *ops.Operation) {
	buf := op.Buf[min(op.N, len(op.Buf)):]
	buf = buf[:min(len(buf), descriptor.MaxWrite)]
	opcode := uint8(opRead)
	switch op.Kind {
	case ops.KindWriteAt:
		opcode = opWrite
		descriptor.RaceRead(buf)
	case ops.KindSync:
		opcode = opFsync
	}
	q := b.prepare(e, op, opcode)
	if op.Kind != ops.KindSync {
		q.addr, q.len, q.off = address(unsafe.SliceData(buf)), uint32(len(buf)), uint64(backend.Offset(op)+int64(op.N))
	}
	if len(buf) > descriptor.MaxTransfer {
		q.flags = sqeAsync
	} else {
		b.ring.copies(len(buf))
	}
}

// writeRest goes on with a write of which the kernel has done a part of n bytes: the
// next one, or why there is none. It reports whether there is.
func (b *Backend) writeRest(e *socket, op *ops.Operation, n int, goesOn bool) bool {
	switch {
	case n == 0:
		op.Err = io.ErrShortWrite
	case !goesOn:
		op.Err = ops.ErrCanceled
	default:
		b.Start(&e.Socket, op)
		return true
	}
	return false
}
