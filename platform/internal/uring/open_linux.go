package uring

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// How a ring comes to be open and is shut down.

// Refused returns why the kernel does not let this process use io_uring, or nil. What
// it lets it do once is not asked again.
func Refused() error {
	if works.Load() {
		return nil
	}
	b, err := open(Kernel{}, true)
	if err == nil {
		b.Shutdown()
	}
	return err
}

// works is set once there has been a ring.
var works atomic.Bool

// New returns a backend, or says what the kernel lacks.
func New(host backend.Host) (*Backend, error) { return Over(Kernel{}, host) }

// Over returns a backend over a system, which opens one ring for it, or says what that
// lacks.
func Over(system System, host backend.Host) (*Backend, error) {
	b, err := open(system, host.SingleRunner())
	if err != nil {
		return nil, err
	}
	b.host = host
	return b, nil
}

// open opens a ring, and tries again for a while if the kernel says that there is no
// memory for it and a ring was closed a moment ago: what that has locked is given back
// late.
func open(system System, single bool) (b *Backend, err error) {
	for pause := time.Millisecond; ; pause *= 2 {
		b, err = openOnce(system, single)
		if !errors.Is(err, unix.ENOMEM) {
			return b, err
		}
		if pause > maxPause || time.Now().UnixNano()-lastClosed.Load() > int64(time.Second) {
			return nil, fmt.Errorf("%w: the limit of memory that may be locked (RLIMIT_MEMLOCK) is too low for another ring", err)
		}
		time.Sleep(pause)
	}
}

// maxPause is the longest of the pauses between two tries, each of which is twice as
// long as the one before.
const maxPause = 256 * time.Millisecond

// lastClosed is when a ring was closed, in nanoseconds since 1970.
var lastClosed atomic.Int64

func openOnce(system System, single bool) (*Backend, error) {
	r, err := openRing(system, single)
	if err != nil {
		return nil, err
	}
	b := &Backend{single: single, ring: r, limit: notLimited}
	b.load.mode = ReceiveMode(Receive.Load())
	if r.limits && b.load.mode != Unlimited {
		b.limit = limited
	}
	if b.buffers, err = newRingBuffers(r); err == nil {
		if err = b.Open(r.fd, "io_uring", b.collect); err != nil {
			r.fd = -1 // closed by Open
		}
	}
	if err != nil {
		b.release()
		return nil, err
	}
	openRings.Store(b, nil)
	if system == (Kernel{}) {
		works.Store(true)
	}
	return b, nil
}

// openRings keeps backends, and so what their requests are for, reachable until
// they are shut down: the kernel goes on to write into the buffers of a proactor
// that its program has forgotten to close.
var openRings sync.Map

// Shutdown waits until the kernel has let go of every request, because it may
// be writing to the buffers.
func (b *Backend) Shutdown() {
	b.pipes.Shutdown()
	if b.inflight > 0 {
		q := b.ring.next()
		q.opcode, q.fd, q.opFlags, q.userData = opAsyncCancel, -1, cancelAny, uint64(ignored)<<32
	}
	for b.inflight > 0 {
		b.Poll(-1)
	}
	b.release()
}

func (b *Backend) release() {
	openRings.Delete(b)
	if b.Opened() {
		b.Close()
	} else if b.ring.fd >= 0 {
		unix.Close(b.ring.fd)
	}
	if b.buffers != nil {
		b.buffers.close()
	}
	b.ring.unmap()
	lastClosed.Store(time.Now().UnixNano())
}
