//go:build netbsd || openbsd

package kqueue

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A waker is a pipe, as not every version has EVFILT_USER.
type waker struct{ ends [2]int }

func (w *waker) open(queue int) error {
	if err := unix.Pipe2(w.ends[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return os.NewSyscallError("pipe2", err)
	}
	var space changeSpace
	ks := (*[1]unix.Kevent_t)(unsafe.Pointer(&space))[:]
	unix.SetKevent(&ks[0], w.ends[0], unix.EVFILT_READ, unix.EV_ADD|unix.EV_CLEAR)
	if err := change(queue, ks); err != nil {
		w.close()
		return os.NewSyscallError("kevent", err)
	}
	return nil
}

// wake has no error that matters: if the pipe is full, there is an event.
func (w *waker) wake(int) { unix.Write(w.ends[1], []byte{0}) }

func (w *waker) close() {
	unix.Close(w.ends[0])
	unix.Close(w.ends[1])
}

// is reports whether an event is the waker's, and empties the pipe: an event that was
// reported comes again only with what is written next.
func (w *waker) is(k *unix.Kevent_t) bool {
	if k.Filter != unix.EVFILT_READ || int(k.Ident) != w.ends[0] {
		return false
	}
	var b [64]byte
	for {
		if n, err := unix.Read(w.ends[0], b[:]); n < len(b) && err != unix.EINTR {
			return true
		}
	}
}
