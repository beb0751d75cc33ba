package fakering

import (
	"testing"

	"golang.org/x/sys/unix"
)

// seeds is with how many each rule is tried, as what is open is drawn.
const seeds = 50

// TestUnknown asks for what the backend does not use, of which nobody here knows the rules.
func TestUnknown(t *testing.T) {
	for name, q := range map[string]sqe{
		"no such operation":       {opcode: 0},
		"one that is not used":    {opcode: opSendZC},
		"a linked request":        {opcode: opSend, flags: 1 << 2},
		"a flag of a message":     {opcode: opSend, opFlags: unix.MSG_OOB},
		"an address of an accept": {opcode: opAccept, addr: 1},
		"buffers for one receive": {opcode: opRecv, flags: sqeBufferSelect},
		"a limit of one receive":  {opcode: opRecv, optlen: 1},
		"a personality":           {opcode: opFsync, personality: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, calm(0), 8, 8, 512, false)
			defer c.close()
			defer func() {
				if recover() == nil {
					t.Error("it is taken")
				}
			}()
			c.push(t, q)
			for c.unsent > 0 {
				c.enter(t)
			}
		})
	}
}

// calm returns a ring of the newest Linux.
func calm(seed uint64) *Ring {
	r := New(seed)
	r.linux = linux6_17
	return r
}

// TestDraws says that what the kernel leaves open comes one way and the other: for a byte
// that arrives while one is asked for, and the request is cancelled.
func TestDraws(t *testing.T) {
	seen := make(map[string]int)
	for seed := range uint64(20 * seeds) {
		c := newClient(t, calm(seed), 8, 8, 512, false)
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 64)
		c.push(t, sqe{opcode: opRecv, fd: int32(fds[0]), addr: addressOf(got), len: 64, userData: 1})
		for c.unsent > 0 {
			c.enter(t)
		}
		unix.Write(fds[1], pattern[:64])
		c.push(t, sqe{opcode: opAsyncCancel, fd: -1, addr: 1, userData: 2})
		enters := 0
		ends := map[uint64]cqe{}
		for len(ends) < 2 {
			if len(ends) == 1 {
				seen["between the two"]++
			}
			c.enter(t)
			enters++
			all := c.reap()
			for _, e := range all {
				ends[e.userData] = e
			}
			if len(all) == 2 && all[0].userData == 1 {
				seen["its own first"]++
			}
		}
		switch res := ends[1].res; {
		case res == 64:
			seen["everything"]++
		case res > 0:
			seen["a part"]++
		default:
			seen[unix.Errno(-res).Error()]++
		}
		seen["the cancel: "+unix.Errno(-ends[2].res).Error()]++
		left, _, _ := unix.Recvfrom(fds[0], make([]byte, 100), unix.MSG_DONTWAIT)
		if n := max(left, 0) + int(max(ends[1].res, 0)); n != 64 {
			t.Fatalf("seed %d: %d of 64 bytes, after %v", seed, n, ends)
		}
		unix.Close(fds[0])
		unix.Close(fds[1])
		c.close()
	}
	for _, want := range []string{
		"everything", "a part", "between the two", "its own first",
		unix.ECANCELED.Error(), unix.EINTR.Error(), unix.EAGAIN.Error(),
		"the cancel: " + unix.Errno(0).Error(), "the cancel: " + unix.ENOENT.Error(), "the cancel: " + unix.EALREADY.Error(),
	} {
		if seen[want] == 0 {
			t.Errorf("never %q: %v", want, seen)
		}
	}
}

// TestReleases opens rings until each release of Linux was drawn, by what tells it apart.
func TestReleases(t *testing.T) {
	seen := make(map[release]bool)
	for seed := range uint64(seeds) {
		seen[New(seed).linux] = true
	}
	for _, want := range []release{linux6_0, linux6_6, linux6_10, linux6_12, linux6_17} {
		if !seen[want] {
			t.Errorf("never Linux 6.%d", want)
		}
	}
}
