//go:build darwin || dragonfly || freebsd

package kqueue

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A waker is the one event of the filter EVFILT_USER.
type waker struct{}

func (waker) open(queue int) error {
	return os.NewSyscallError("kevent", userEvent(queue, unix.EV_ADD|unix.EV_CLEAR, 0))
}

// wake has no error: the event is there.
func (waker) wake(queue int) { userEvent(queue, 0, unix.NOTE_TRIGGER) }

func (waker) close() {}

// is reports whether an event is the waker's.
func (waker) is(k *unix.Kevent_t) bool { return k.Filter == unix.EVFILT_USER }

func userEvent(queue, flags int, note uint32) error {
	var space changeSpace
	ks := (*[1]unix.Kevent_t)(unsafe.Pointer(&space))[:]
	unix.SetKevent(&ks[0], 0, unix.EVFILT_USER, flags)
	ks[0].Fflags = note
	return change(queue, ks)
}
