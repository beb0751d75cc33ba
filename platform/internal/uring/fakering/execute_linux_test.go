package fakering

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// A task is what a program has asked for: a request, which is made again if it has done
// only a part or was interrupted.
type task struct {
	what     string
	request  sqe
	make     func(*task) sqe // the next request of it
	buf      []byte
	want     int    // bytes
	limit    int    // of what it receives again and again
	got      []byte // or, of a send, that many
	result   string // in the end
	free     string // what else is known of the result
	canceled bool
	serial   uint64
	header   unix.Msghdr
	vector   [2]unix.Iovec
	addr     [128]byte
	fd       int
}

// A runner executes a program.
type runner struct {
	t       *testing.T
	c       *client
	p       program
	own     int // the stream's end that the ring has, or -1
	peer    int // the other
	file    *os.File
	tasks   []*task
	brought int
	peerGot int
	sent    int
	cancels []string
	pending map[uint64]*task // requests without their last completion
	serial  uint64
	listen  int
	cleanup []func()
	trace   trace
}

// pattern is what is sent, and what files have.
var pattern = func() []byte {
	b := make([]byte, 1<<16)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}()

// execute runs a program. It stops waiting for more at a point where nothing more happens,
// of which a ring that is not a fake knows by what it is compared with.
func execute(t *testing.T, p program, system uring.System, fits func(trace) bool) trace {
	t.Helper()
	if fits != nil {
		runtime.LockOSThread() // requests belong to their thread
		defer runtime.UnlockOSThread()
	}
	r := &runner{t: t, p: p, own: -1, peer: -1, listen: -1, pending: make(map[uint64]*task)}
	defer func() {
		for _, f := range slices.Backward(r.cleanup) {
			f()
		}
	}()
	r.c = newClient(t, system, p.entries, 8, 512, p.packed)
	r.cleanup = append(r.cleanup, r.c.close)
	r.open()
	for _, s := range p.steps {
		if s.what == "settle" {
			r.settle(fits)
			if t.Failed() {
				return r.trace
			}
			continue
		}
		r.do(s)
	}
	r.end()
	return r.trace
}

func (r *runner) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// open opens the stream, or what stands for it.
func (r *runner) open() {
	switch r.p.socket {
	case "unix", "packets":
		kind := unix.SOCK_STREAM
		if r.p.socket == "packets" {
			kind = unix.SOCK_DGRAM
		}
		fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
		r.check(err)
		r.own, r.peer = fds[0], fds[1]
	case "tcp":
		r.openListener()
		var err error
		r.peer, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		r.check(err)
		r.check(unix.Connect(r.peer, r.address()))
		r.own, _, err = unix.Accept4(r.listen, unix.SOCK_CLOEXEC)
		r.check(err)
		r.check(unix.SetsockoptInt(r.peer, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	}
	r.cleanup = append(r.cleanup, func() {
		for _, fd := range []int{r.own, r.peer, r.listen} {
			if fd >= 0 {
				unix.Close(fd)
			}
		}
	})
	f, err := os.CreateTemp(r.t.TempDir(), "")
	r.check(err)
	r.file = f
	r.cleanup = append(r.cleanup, func() { f.Close() })
}

func (r *runner) openListener() {
	var err error
	r.listen, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	r.check(err)
	r.check(unix.Bind(r.listen, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	r.check(unix.Listen(r.listen, 16))
}

func (r *runner) address() *unix.SockaddrInet4 {
	name, err := unix.Getsockname(r.listen)
	r.check(err)
	return name.(*unix.SockaddrInet4)
}

// arrive waits until what the peer has sent is where it is received.
func (r *runner) arrive() {
	if r.p.socket != "tcp" {
		return
	}
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		out, err := unix.IoctlGetInt(r.peer, unix.TIOCOUTQ)
		if err != nil || out == 0 {
			return
		}
		if time.Now().After(end) {
			r.t.Fatal("what was sent does not arrive")
		}
	}
}

const patience = time.Minute

// await waits until the last task has ended, as it may take its time.
func (r *runner) await() {
	x := r.tasks[len(r.tasks)-1]
	for end := time.Now().Add(patience); x.result == ""; runtime.Gosched() {
		r.round()
		if time.Now().After(end) {
			r.t.Fatalf("%s has not ended", x.what)
		}
	}
}

// settle goes on until nothing more happens, or until fits, if there is one, finds that
// enough has, and writes down what has.
func (r *runner) settle(fits func(trace) bool) {
	if fits == nil {
		for quiet := 0; quiet < 40; {
			if r.round() || r.c.unsent > 0 {
				quiet = 0
			} else {
				quiet++
			}
		}
	}
	end := time.Now().Add(patience)
	for rounds := 0; ; rounds++ {
		if fits != nil {
			r.round()
		}
		r.takePeer()
		now := r.trace
		sure, free := r.state()
		now.sure = append(slices.Clip(now.sure), sure)
		now.free = append(slices.Clip(now.free), free)
		if fits == nil || r.c.unsent == 0 && rounds >= 3 && fits(now) {
			r.trace = now
			return
		}
		if time.Now().After(end) {
			r.t.Errorf("%v\nthe kernel:\n%s", r.p, now)
			return
		}
		runtime.Gosched()
	}
}

// round enters the ring and reports whether anything has come of it.
func (r *runner) round() bool {
	r.c.enter(r.t)
	all := r.c.reap()
	for _, c := range all {
		r.completed(c)
	}
	return len(all) > 0
}

// takePeer reads what has come to the peer.
func (r *runner) takePeer() {
	if r.peer < 0 || r.p.socket == "tcp" {
		return
	}
	buf := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(r.peer, buf, unix.MSG_DONTWAIT)
		if err != nil || n == 0 {
			return
		}
		r.peerGot += n
	}
}

// state returns how things are.
func (r *runner) state() (sure, free string) {
	var s, f strings.Builder
	total := 0
	for i, x := range r.tasks {
		result := x.result
		if result == "" {
			result = "waits"
		}
		if x.what == "receive some" {
			fmt.Fprintf(&f, "%d bytes, ", len(x.got))
			fmt.Fprintf(&s, "%d %s %s; ", i, x.what, result)
		} else {
			fmt.Fprintf(&s, "%d %s %d %s; ", i, x.what, len(x.got), result)
		}
		fmt.Fprint(&f, x.free, " ")
		if strings.HasPrefix(x.what, "receive") {
			from := total
			total += len(x.got)
			if x.what != "receive packet" && (total > len(pattern) || !bytes.Equal(x.got, pattern[from:total])) {
				r.t.Errorf("%v\n%d %s has received other bytes than were sent", r.p, i, x.what)
			}
		}
	}
	fmt.Fprintf(&s, "peer %d", r.peerGot)
	slices.Sort(r.cancels)
	fmt.Fprintf(&f, "cancels %v", r.cancels)
	return s.String(), f.String()
}

// end has everything end that has not, so that the kernel writes to nothing any more.
func (r *runner) end() {
	for _, x := range r.tasks {
		x.canceled = true
	}
	r.c.push(r.t, sqe{opcode: opAsyncCancel, fd: -1, opFlags: cancelAll | cancelAny, userData: 1 << 40})
	for end := time.Now().Add(patience); len(r.pending) > 0 || r.c.unsent > 0; runtime.Gosched() {
		r.round()
		if time.Now().After(end) {
			r.t.Fatalf("%v\nrequests do not end: %v", r.p, r.pending)
		}
	}
}
