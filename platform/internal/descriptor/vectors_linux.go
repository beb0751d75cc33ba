package descriptor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Vectors is what recvmsg and sendmsg take for the buffers of one side of a
// socket. It lies where the kernel may read it until it is done, and is kept for
// the next operation of the side.
type Vectors struct {
	Header unix.Msghdr
	iovecs []unix.Iovec
}

// Carry makes the buffers what is received or sent, up to some bytes, and returns how
// many they are.
func (v *Vectors) Carry(bufs [][]byte, most int) (size int) {
	v.iovecs = v.iovecs[:0]
	EachBuffer(bufs, most, func(b []byte) {
		if len(b) == 0 {
			return
		}
		iov := unix.Iovec{Base: unsafe.SliceData(b)}
		iov.SetLen(len(b))
		v.iovecs = append(v.iovecs, iov)
		size += len(b)
	})
	v.Header = unix.Msghdr{Iov: unsafe.SliceData(v.iovecs)}
	v.Header.SetIovlen(len(v.iovecs))
	return size
}

// Release lets go of the buffers.
func (v *Vectors) Release() {
	clear(v.iovecs)
	v.Header = unix.Msghdr{}
}
