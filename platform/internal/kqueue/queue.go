//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package kqueue

import (
	"time"

	"github.com/heirloom-go/heirloom/platform/internal/readiness"
)

// A Queue is a kqueue.
type Queue interface {
	// Change makes the first n changes, until one fails, and returns that error, a
	// syscall.Errno. Any goroutine may call it.
	Change(changes [2]Event, n int) error

	// Wait fills events, at least one, as far as there are any, and returns how many. If
	// there are none it waits, without end if wait is negative. If a signal interrupts
	// that, the error is syscall.EINTR. One goroutine at a time calls it.
	Wait(events []Event, wait time.Duration) (n int, err error)

	// Wake adds an event of the filter User, unless there is one. Any goroutine may call
	// it; after Close it does nothing.
	Wake()

	// Close closes the queue. Nobody waits.
	Close()
}

// An Event is what this package uses of a struct kevent, in both directions.
type Event struct {
	Ident  int // a descriptor
	Filter Filter
	Flags  Flags
	Data   uintptr // given back as it is: the system's udata
}

// A Filter says what is watched.
type Filter uint8

// What is watched.
const (
	Read  Filter = iota + 1 // EVFILT_READ
	Write                   // EVFILT_WRITE
	User                    // EVFILT_USER, or what takes its place
)

// Flags are those of a kevent.
type Flags uint8

// What flags say of a change, and EOF of an event.
const (
	Add    Flags = 1 << iota // EV_ADD
	Delete                   // EV_DELETE
	Clear                    // EV_CLEAR: an event is taken away when it was reported
	EOF                      // EV_EOF
)

// A name has to fit into a pointer's place. Where that has 32 bits, there is room for a
// million sockets, and for the last 12 bits of a generation: an event that is late would
// find the wrong socket if the same place were used for 4096 sockets, or a multiple of that,
// between when a batch of events is taken and when it is served.
const (
	wordBits  = 32 << (^uintptr(0) >> 63)
	indexBits = 20 + 12*(wordBits/64)
	forgets   = ^uint32(uint64(^uintptr(0)) >> indexBits) // of a generation
)

// pack returns what stands for a name, if there is room.
func pack(n readiness.Name) (data uintptr, ok bool) {
	return uintptr(uint64(n.Generation)<<indexBits | uint64(n.Index)), uint64(n.Index)>>indexBits == 0
}

// unpack returns the name, less what the generation had no room for.
func unpack(data uintptr) readiness.Name {
	return readiness.Name{
		Index:      uint32(uint64(data) & (1<<indexBits - 1)),
		Generation: uint32(uint64(data) >> indexBits),
	}
}
