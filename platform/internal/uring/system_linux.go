package uring

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A System is how a ring reaches the kernel: the three calls of io_uring, and the memory
// that it shares with it. Tests put another in the kernel's place; see package fakering.
// The structures are those of linux/io_uring.h. Enter may be called by several goroutines at
// the same time.
type System interface {
	// Setup opens a ring. See io_uring_setup(2); params is its struct io_uring_params.
	Setup(entries uint32, params unsafe.Pointer) (fd int, errno syscall.Errno)

	// Register is io_uring_register(2).
	Register(fd int, opcode uintptr, arg unsafe.Pointer, n int) syscall.Errno

	// Enter is io_uring_enter(2), which waits for no completion. It returns how many
	// requests the kernel has taken.
	Enter(fd int, submit uint32, flags uintptr) (uint32, syscall.Errno)

	// Map returns a part of the memory of a ring.
	Map(fd int, offset int64, size int) ([]byte, error)

	// Unmap gives up what Map has returned. By then the ring is closed.
	Unmap(memory []byte)
}

// Kernel is the System that there is.
type Kernel struct{}

func (Kernel) Setup(entries uint32, params unsafe.Pointer) (int, syscall.Errno) {
	fd, _, errno := syscall.RawSyscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(params), 0)
	return int(fd), errno
}

func (Kernel) Register(fd int, opcode uintptr, arg unsafe.Pointer, n int) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_REGISTER, uintptr(fd), opcode, uintptr(arg), uintptr(n), 0, 0)
	return errno
}

// Enter does not wait. Between two calls of it the scheduler can stop the goroutine,
// but only where a function that is not inlined begins.
//
//go:noinline
func (Kernel) Enter(fd int, submit uint32, flags uintptr) (uint32, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_IO_URING_ENTER, uintptr(fd), uintptr(submit), 0, flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return uint32(n), 0
}

func (Kernel) Map(fd int, offset int64, size int) ([]byte, error) {
	m, err := unix.Mmap(fd, offset, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	return m, os.NewSyscallError("mmap", err)
}

func (Kernel) Unmap(memory []byte) { unix.Munmap(memory) }
