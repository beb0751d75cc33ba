// Package parker lets the goroutine that waits for the kernel do so without a thread.
package parker

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Parker waits in Go's own poller until a descriptor of the kernel's has
// something to report, which the poller can do with an epoll descriptor or a
// ring as with any other. A goroutine that waits so holds no thread, and is
// woken without a system call.
type Parker struct {
	file *os.File // the descriptor, as something that a goroutine can park on
	raw  syscall.RawConn
	look func(uintptr) bool // reports whether there is no need to wait any more
	vain bool               // a look of this Park has not found anything

	// The deadline of file: when to return from parking.
	alarm struct {
		sync.Mutex
		at    time.Time
		woken bool
	}
}

// Open makes fd the parker's own. It is closed if that fails. The function look
// reports whether there is no need to wait any more.
func (k *Parker) Open(fd int, name string, look func() bool) error {
	if err := unix.SetNonblock(fd, true); err != nil { // so that os.File parks on it
		unix.Close(fd)
		return os.NewSyscallError("fcntl", err)
	}
	k.file = os.NewFile(uintptr(fd), name)
	k.look = func(uintptr) bool {
		found := look()
		if !found {
			k.vain = true
		}
		return found
	}
	var err error
	if k.raw, err = k.file.SyscallConn(); err == nil {
		err = k.file.SetReadDeadline(time.Time{})
	}
	if err != nil {
		k.file.Close()
	}
	return err
}

// Opened reports whether Open has taken the descriptor.
func (k *Parker) Opened() bool { return k.file != nil }

// Close closes the descriptor.
func (k *Parker) Close() { k.file.Close() }

// Park waits until look returns true, for Wake, or for the time to pass. It reports
// whether the goroutine has slept: if the first look has found something, or Wake was
// called before, it has not.
func (k *Parker) Park(wait time.Duration) (slept bool) {
	k.vain = false
	var at time.Time
	if wait > 0 {
		at = time.Now().Add(wait)
	}
	k.alarm.Lock()
	if !k.alarm.woken && !at.Equal(k.alarm.at) {
		k.alarm.at = at
		k.file.SetReadDeadline(at)
	}
	k.alarm.Unlock()
	err := k.raw.Read(k.look)
	k.alarm.Lock()
	if err != nil {
		// The deadline has passed, whosever it was: the next park sets one.
		k.alarm.at = past
	}
	k.alarm.woken = false
	k.alarm.Unlock()
	return k.vain
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// Wake lets a parked leader go, without a system call: it sets the deadline of
// the descriptor into the past.
func (k *Parker) Wake() {
	k.alarm.Lock()
	k.alarm.woken = true
	k.alarm.at = past
	k.file.SetReadDeadline(past)
	k.alarm.Unlock()
}
