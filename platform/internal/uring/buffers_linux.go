package uring

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ringBuffers is memory that the kernel puts what it receives into, when it
// arrives and not before. Newer kernels (from Linux 6.12) put one message
// behind the other into a buffer until it is full; with older ones each message
// takes a buffer of its own.
//
// It is guarded by the lock of the backend, as the ring is.
type ringBuffers struct {
	control []byte // the ring of buffers that the kernel may fill
	data    []byte
	size    int  // bytes a buffer
	pack    bool // messages are packed
	tail    uint16
	all     []ringBuffer
}

// A ringBuffer is one of the buffers.
type ringBuffer struct {
	used    int32 // bytes filled so far
	refs    int32 // segments that nobody has read yet
	retired bool  // the kernel is done with it
}

// bufferGroup is the group's name with the kernel.
const bufferGroup = 1

// newRingBuffers registers buffers with a ring.
func newRingBuffers(r *ring) (*ringBuffers, error) {
	if Sizes.Packed.Count > 0 {
		if b, err := registerBuffers(r, Sizes.Packed.Count, Sizes.Packed.Size, true); err == nil {
			return b, nil
		}
	}
	return registerBuffers(r, Sizes.Single.Count, Sizes.Single.Size, false)
}

func registerBuffers(r *ring, n, size int, pack bool) (*ringBuffers, error) {
	b := &ringBuffers{size: size, pack: pack, all: make([]ringBuffer, n)}
	var err error
	if b.control, err = mapAnonymous(n * 16); err == nil {
		b.data, err = mapAnonymous(n * size)
	}
	if err != nil {
		b.close()
		return nil, err
	}
	reg := struct {
		addr    uint64
		entries uint32
		group   uint16
		flags   uint16
		_       [3]uint64
	}{addr: uint64(uintptr(unsafe.Pointer(&b.control[0]))), entries: uint32(n), group: bufferGroup}
	if pack {
		reg.flags = pbufRingInc
	}
	if errno := r.system.Register(r.fd, registerPbufRing, unsafe.Pointer(&reg), 1); errno != 0 {
		b.close()
		return nil, os.NewSyscallError("io_uring_register", errno)
	}
	for i := range b.all {
		b.offer(uint16(i))
	}
	return b, nil
}

func mapAnonymous(size int) ([]byte, error) {
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return m, os.NewSyscallError("mmap", err)
}

func (b *ringBuffers) close() {
	if b.control != nil {
		unix.Munmap(b.control)
	}
	if b.data != nil {
		unix.Munmap(b.data)
	}
}

// offer lets the kernel fill a buffer.
func (b *ringBuffers) offer(id uint16) {
	b.all[id] = ringBuffer{}
	entry := unsafe.Pointer(&b.control[int(b.tail)&(len(b.all)-1)*16])
	*(*uint64)(entry) = uint64(uintptr(unsafe.Pointer(&b.data[int(id)*b.size])))
	*(*uint32)(unsafe.Add(entry, 8)) = uint32(b.size)
	*(*uint16)(unsafe.Add(entry, 12)) = id
	b.tail++
	// The tail of the ring lies in the part of its first entry that is not
	// used, next to that entry's number, and is published together with it.
	var word [4]byte
	copy(word[:2], b.control[12:])
	binary.NativeEndian.PutUint16(word[2:], b.tail)
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&b.control[12])), binary.NativeEndian.Uint32(word[:]))
}

// A segment is a part of a buffer with bytes that were received.
type segment struct {
	id       uint16
	off, len int32
}

// received returns where the kernel has put n bytes; more says that it goes on
// with the same buffer.
func (b *ringBuffers) received(id uint16, n int32, more bool) segment {
	buf := &b.all[id]
	s := segment{id, buf.used, n}
	buf.used += n
	buf.refs++
	buf.retired = buf.retired || !more
	return s
}

func (b *ringBuffers) bytes(s segment) []byte {
	start := int(s.id)*b.size + int(s.off)
	return b.data[start : start+int(s.len)]
}

// release gives a segment up, and offers the buffer again with its last.
func (b *ringBuffers) release(id uint16) {
	buf := &b.all[id]
	if buf.refs--; buf.refs == 0 && buf.retired {
		b.offer(id)
	}
}
