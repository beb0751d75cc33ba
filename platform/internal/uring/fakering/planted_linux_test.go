package fakering

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
	"github.com/heirloom-go/heirloom/proptest/chains"
)

// hunted is how many programs may be run until a planted fault is found.
const hunted = 2000

// TestPlanted plants faults of a backend, and says that programs of chains find each.
func TestPlanted(t *testing.T) {
	defer uring.Receive.Store(uring.Receive.Swap(int32(uring.Multishot)))
	for name, plant := range map[string]func() *fault{
		"a request has always more to come":                              alwaysMore,
		"a cancelled request is over at once":                            overAtOnce(false),
		"a cancelled request is over at once, and its record used again": overAtOnce(true),
		"bytes that come with a cancel are lost":                         lostWithCancel,
		"no buffers are the end of the stream":                           noBuffersEnd,
		"an interruption is an error":                                    interruptionFails,
		"a part is the whole":                                            partIsWhole,
		"requests that were not taken are forgotten":                     notTaken,
	} {
		t.Run(name, func(t *testing.T) {
			const patience = 300 * time.Millisecond
			for n := range uint64(hunted) {
				found := run(t, n, plant, patience)
				if found != "" && run(t, n, nil, patience) == "" { // else the machine is slow
					t.Logf("found by program %d: %s", n+1, found)
					return
				}
			}
			t.Errorf("not found by %d programs", hunted)
		})
	}
}

// TestNothingPlanted says that they find none where there is none.
func TestNothingPlanted(t *testing.T) {
	defer uring.Receive.Store(uring.Receive.Swap(int32(uring.Multishot)))
	for n := range uint64(100) {
		if found := run(t, n, nil, patience); found != "" {
			t.Fatalf("program %d: %s", n+1, found)
		}
	}
}

// run runs a program on rings, with a planted fault or without, and returns what is wrong. It
// is stuck when nothing has happened for as long as patience says.
func run(t *testing.T, n uint64, plant func() *fault, patience time.Duration) string {
	seed := n << 8
	open := func(options ...platform.Option) (*platform.Proactor, error) {
		return platform.New(append(options, platform.SingleRunner(), platform.WithCustomBackend(func(host backend.Host) (backend.Backend, error) {
			seed++
			r := New(seed)
			if plant != nil {
				r.planted = plant()
			}
			b, err := uring.Over(r, host)
			if err != nil {
				return nil, err
			}
			return named{b}, nil
		}))...)
	}
	program := chains.Draw(chains.Seed(n))
	program.Runners = 0
	report, err := chains.Run(program, open, chains.Patience(patience))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) > 0 {
		return report.Violations[0].Error()
	}
	return ""
}

// cancelled is whether a backend has asked for a request to be cancelled.
type cancelled map[uint64]bool

func (c cancelled) take(q *sqe) {
	switch {
	case q.opcode == opAsyncCancel:
		c[q.addr] = true
	default:
		delete(c, q.userData)
	}
}

func alwaysMore() *fault {
	return &fault{says: func(x *request, c *cqe) bool {
		if x.many() && c.res > 0 {
			c.flags |= cqeMore
		}
		return true
	}}
}

// overAtOnce has the backend do without the completion of a request that it has cancelled. What
// the kernel says of that later is ignored, or meets whatever is in its place by then.
func overAtOnce(again bool) func() *fault {
	return func() *fault {
		over := make(map[*request]bool)
		return &fault{
			cancels: func(r *Ring, x *request) {
				if x.opcode == opRecvmsg { // which writes to more than what a program keeps
					r.end(x, -int32(unix.ECANCELED), 0)
				} else if !over[x] {
					over[x] = true
					r.deliver(completion{cqe: cqe{x.userData, -int32(unix.ECANCELED), 0}})
				}
			},
			says: func(x *request, c *cqe) bool {
				keeps := !over[x] || again
				if c.flags&cqeMore == 0 {
					delete(over, x)
				}
				return keeps
			},
		}
	}
}

func lostWithCancel() *fault {
	c := make(cancelled)
	return &fault{takes: c.take, says: func(x *request, e *cqe) bool {
		if x.receives() && c[e.userData] && e.res > 0 && e.flags&cqeMore == 0 {
			e.res, e.flags = -int32(unix.ECANCELED), e.flags&^cqeBuffer
		}
		return true
	}}
}

func noBuffersEnd() *fault {
	return &fault{says: func(x *request, c *cqe) bool {
		if x.many() && c.res == -int32(unix.ENOBUFS) {
			c.res = 0
		}
		return true
	}}
}

func interruptionFails() *fault {
	c := make(cancelled)
	errnos := []int32{-int32(unix.ECANCELED), -int32(unix.EINTR), -int32(unix.EAGAIN)}
	return &fault{takes: c.take, says: func(x *request, e *cqe) bool {
		if !c[e.userData] && slices.Contains(errnos, e.res) {
			e.res = -int32(unix.EIO)
		}
		return true
	}}
}

func partIsWhole() *fault {
	return &fault{says: func(x *request, c *cqe) bool {
		if (x.opcode == opSend || x.opcode == opWrite) && c.res > 0 {
			c.res = int32(x.len)
		}
		return true
	}}
}

func notTaken() *fault {
	return &fault{leaves: func(_, of uint32) uint32 { return of }}
}
