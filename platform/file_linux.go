package platform

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
)

// TakeFile implements FileBackend.
func (b *uring) TakeFile(s *Socket, f *os.File) error {
	fd, err := takeOver(f)
	if err != nil {
		return err
	}
	// The kernel is to wait, not to report that it would have to.
	if err := unix.SetNonblock(fd, false); err != nil {
		unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	b.adopt(s, fd, sysSocket{})
	f.Close()
	return nil
}

// maxFileTransfer is as much as the kernel takes at once for a file, in whole
// pages (MAX_RW_COUNT).
const maxFileTransfer = 1<<31 - 1<<12

// handFile hands the kernel an operation on a file. One that may copy much is for
// a thread of the kernel's: this one could not be stopped meanwhile.
func (b *uring) handFile(e *ringSocket, op *ops.Operation) {
	buf := op.Buf[:min(len(op.Buf), maxFileTransfer)]
	opcode := uint8(opRead)
	switch op.Kind {
	case ops.KindWriteAt:
		opcode = opWrite
		raceRead(buf)
	case ops.KindSync:
		opcode = opFsync
	}
	q := b.hand(e, op, opcode)
	if op.Kind != ops.KindSync {
		q.addr, q.len, q.off = address(unsafe.SliceData(buf)), uint32(len(buf)), uint64(Offset(op))
	}
	if len(buf) > maxTransfer {
		q.flags = sqeAsync
	}
}

// TakeFile implements FileBackend.
func (b *epoll) TakeFile(s *Socket, f *os.File) error {
	b.filed.Store(true)
	return b.files.TakeFile(s, f)
}
