package fakering

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// programs is how many are compared.
const programs = 100

// TestAsTheKernel runs programs on the kernel's ring and on fakes. What is determined is the
// same with all, and what is not is, with the kernel, as with one of the fakes.
func TestAsTheKernel(t *testing.T) {
	n := uint64(programs)
	if testing.Short() {
		n /= 4
	}
	for seed := range n {
		if !compare(t, seed) {
			return
		}
	}
}

// fakes is with how many seeds a program is run, and manyFakes if none was like the kernel.
const fakes, manyFakes = 5, 3000

func compare(t *testing.T, seed uint64) bool {
	p := drawProgram(seed)
	var runs []trace
	more := func(n int) {
		for range n {
			runs = append(runs, execute(t, p, New(uint64(len(runs))), nil))
		}
	}
	more(fakes)
	if !p.racy {
		for i, r := range runs[1:] {
			if !slices.Equal(r.sure, runs[0].sure) {
				t.Errorf("program %d: %v\nfake 0:\n%s\nfake %d:\n%s", seed, p, runs[0], i+1, r)
				return false
			}
		}
	}
	kernel := execute(t, p, uring.Kernel{}, func(so trace) bool {
		return slices.ContainsFunc(runs, func(r trace) bool { return r.begins(so, false) })
	})
	if t.Failed() {
		t.Logf("program %d; a fake:\n%s", seed, runs[0])
		return false
	}
	for !slices.ContainsFunc(runs, func(r trace) bool { return r.begins(kernel, true) }) {
		if len(runs) >= manyFakes {
			t.Errorf("program %d: %v\nthe kernel:\n%s\nno fake of %d; for example\n%s", seed, p, kernel, len(runs), runs[0])
			return false
		}
		more(50)
	}
	return true
}

// A trace is what came of a program, at each point where nothing more happens.
type trace struct {
	sure, free []string // what is determined unless the program is racy, and the rest
}

func (r trace) String() string {
	var b strings.Builder
	for i := range r.sure {
		fmt.Fprintf(&b, "  %s  [%s]\n", r.sure[i], r.free[i])
	}
	return b.String()
}

// begins reports whether a trace begins with another.
func (r trace) begins(with trace, free bool) bool {
	n := len(with.sure)
	return len(r.sure) >= n && slices.Equal(r.sure[:n], with.sure) && (!free || slices.Equal(r.free[:n], with.free))
}

// needed skips the test where there is no io_uring, unless it must be there.
func needed(t *testing.T, errno syscall.Errno) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("HEIRLOOM_REQUIRE"), ","), "io_uring") {
		t.Fatalf("no ring: %v", errno)
	}
	t.Skipf("no ring: %v", errno)
}

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
	events   int32
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
	watch   int // own, for us
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
	if fake, ok := system.(*Ring); ok {
		fake.linux = linux6_17 // what is compared with is this one, or newer
	}
	r := &runner{t: t, p: p, own: -1, peer: -1, watch: -1, listen: -1, pending: make(map[uint64]*task)}
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

// receiving returns the task that receives from the stream, or waits until it could, if one
// has not ended. (Which of two is first is not determined, nor what "receive some" leaves.)
func (r *runner) receiving() *task {
	for _, x := range r.tasks {
		if x.result == "" && (strings.HasPrefix(x.what, "receive") || x.what == "poll in") || x.what == "receive some" {
			return x
		}
	}
	return nil
}

func (r *runner) sending() bool {
	return slices.ContainsFunc(r.tasks, func(x *task) bool { return x.result == "" && strings.HasPrefix(x.what, "send") })
}

// start makes the first request of a task.
func (r *runner) start(x *task) {
	r.tasks = append(r.tasks, x)
	r.again(x)
}

// again makes a request of a task.
func (r *runner) again(x *task) {
	r.serial++
	x.serial = r.serial
	q := x.make(x)
	if x.fd != 0 { // which was closed
		q.fd = int32(x.fd)
	}
	q.userData = x.serial
	r.pending[x.serial] = x
	r.c.push(r.t, q)
}

func addressOf(b []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// do does a step, unless it makes no sense any more.
func (r *runner) do(s step) {
	own := int32(r.own)
	switch what := s.what; what {
	case "bring":
		if r.peer < 0 {
			return
		}
		n, err := unix.SendmsgN(r.peer, pattern[r.brought:r.brought+s.n], nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if err != nil {
			return
		}
		r.brought += n
		r.arrive()
	case "receive", "receive at last", "receive vectored", "receive packet":
		if r.own < 0 || r.receiving() != nil {
			return
		}
		r.start(&task{what: what, want: s.n, buf: make([]byte, s.n), make: func(x *task) sqe {
			rest := x.buf[len(x.got):]
			q := sqe{opcode: opRecv, fd: own, addr: addressOf(rest), len: uint32(len(rest))}
			switch what {
			case "receive at last":
				q.ioprio = recvPollFirst
			case "receive vectored", "receive packet":
				half := len(rest) / 2
				x.vector[0].Base, x.vector[1].Base = unsafe.SliceData(rest), unsafe.SliceData(rest[half:])
				x.vector[0].SetLen(half)
				x.vector[1].SetLen(len(rest) - half)
				x.header = unix.Msghdr{Iov: &x.vector[0], Iovlen: 2}
				q.opcode, q.addr, q.len = opRecvmsg, uint64(uintptr(unsafe.Pointer(&x.header))), 1
				if what == "receive packet" {
					x.header.Name, x.header.Namelen = &x.addr[0], uint32(len(x.addr))
					q.opFlags, q.ioprio = unix.MSG_TRUNC, recvPollFirst
				}
			}
			return q
		}})
	case "receive many", "receive some":
		if r.own < 0 || r.receiving() != nil {
			return
		}
		r.start(&task{what: what, limit: s.n, make: func(x *task) sqe {
			q := sqe{opcode: opRecv, fd: own, flags: sqeBufferSelect, ioprio: recvMultishot, group: 1}
			if x.limit > 0 {
				q.optlen = uint32(x.limit - len(x.got))
			}
			return q
		}})
	case "send", "send vectored", "send packet":
		if r.own < 0 || r.sending() || r.sent+s.n > 1<<15 {
			return
		}
		buf := pattern[r.sent : r.sent+s.n]
		r.sent += s.n
		r.start(&task{what: what, want: s.n, make: func(x *task) sqe {
			rest := buf[len(x.got):]
			q := sqe{opcode: opSend, fd: own, addr: addressOf(rest), len: uint32(len(rest)), opFlags: unix.MSG_NOSIGNAL}
			if what != "send" {
				half := len(rest) / 2
				x.vector[0].Base, x.vector[1].Base = unsafe.SliceData(rest), unsafe.SliceData(rest[half:])
				x.vector[0].SetLen(half)
				x.vector[1].SetLen(len(rest) - half)
				x.header = unix.Msghdr{Iov: &x.vector[0], Iovlen: 2}
				q.opcode, q.addr, q.len = opSendmsg, uint64(uintptr(unsafe.Pointer(&x.header))), 1
			}
			return q
		}})
	case "poll in", "poll out":
		if r.own < 0 || what == "poll in" && r.receiving() != nil {
			return
		}
		events := uint32(unix.POLLIN)
		if what == "poll out" {
			events = unix.POLLOUT
		}
		r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opPollAdd, fd: own, opFlags: events} }})
	case "polls": // more completions than there is room for, which are looked at only then
		for range 12 {
			if r.own >= 0 {
				r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opPollAdd, fd: own, opFlags: unix.POLLOUT} }})
			}
		}
	case "cancel":
		var open []*task
		for _, x := range r.tasks {
			if x.result == "" || s.n%2 == 0 {
				open = append(open, x)
			}
		}
		if len(open) == 0 {
			return
		}
		x := open[s.n%len(open)]
		x.canceled = true
		q := sqe{opcode: opAsyncCancel, fd: -1, addr: x.serial, userData: 1 << 40}
		if s.n%3 == 0 {
			q.flags = sqeSkipSuccess
		}
		r.c.push(r.t, q)
	case "cancel all":
		for _, x := range r.tasks {
			x.canceled = true
		}
		r.c.push(r.t, sqe{opcode: opAsyncCancel, fd: -1, opFlags: cancelAll | cancelAny, userData: 1 << 40})
	case "half-close":
		if r.peer >= 0 {
			r.check(unix.Shutdown(r.peer, unix.SHUT_WR))
			r.arrive()
		}
	case "close peer":
		if r.peer >= 0 {
			r.takePeer()
			unix.Close(r.peer)
			r.peer = -1
		}
	case "close own":
		// A request that was not handed over would meet nothing.
		for try := 0; r.c.unsent > 0; try++ {
			if r.c.enter(r.t); try == 1000 {
				r.t.Fatal("the ring takes no requests")
			}
		}
		if r.own >= 0 && r.receiving() == nil && !r.sending() || r.own >= 0 && r.receiving() != nil && r.receiving().limit == 0 && r.receiving().what != "receive many" {
			// What waits goes on with the file, of which we keep another descriptor for
			// the case that a request has to be made again.
			keep, err := unix.FcntlInt(uintptr(r.own), unix.F_DUPFD_CLOEXEC, 0)
			r.check(err)
			unix.Close(r.own)
			r.own = -1
			for _, x := range r.tasks {
				x.fd = keep
			}
			r.cleanup = append(r.cleanup, func() { unix.Close(keep) })
		}
	case "write file":
		buf := pattern[:s.n]
		r.start(&task{what: what, want: s.n, make: func(x *task) sqe {
			rest := buf[len(x.got):]
			return sqe{opcode: opWrite, fd: int32(r.file.Fd()), addr: addressOf(rest), len: uint32(len(rest)), off: uint64(100 + len(x.got)), flags: sqeAsync * uint8(s.n%2)}
		}, fd: int(r.file.Fd())})
		r.await()
	case "read file":
		r.start(&task{what: what, want: s.n, buf: make([]byte, s.n), make: func(x *task) sqe {
			rest := x.buf[len(x.got):]
			return sqe{opcode: opRead, fd: int32(r.file.Fd()), addr: addressOf(rest), len: uint32(len(rest)), off: uint64(len(x.got)), flags: sqeAsync * uint8(s.n%2)}
		}, fd: int(r.file.Fd())})
		r.await()
	case "sync":
		defer r.await()
		r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opFsync} }, fd: int(r.file.Fd())})
	case "no file":
		r.start(&task{what: what, make: func(*task) sqe { return sqe{opcode: opSend, fd: -1, addr: addressOf(pattern), len: 1} }})
	case "not a socket":
		r.start(&task{what: what, buf: make([]byte, 1), make: func(x *task) sqe { return sqe{opcode: opRecv, addr: addressOf(x.buf), len: 1} }, fd: int(r.file.Fd())})
	case "accept":
		if slices.ContainsFunc(r.tasks, func(x *task) bool { return x.what == "accept" && x.result == "" }) {
			return // which of two is first is not determined
		}
		listen := int32(r.listen)
		r.start(&task{what: what, make: func(*task) sqe {
			return sqe{opcode: opAccept, fd: listen, opFlags: unix.SOCK_CLOEXEC, ioprio: acceptPollFirst * uint16(len(r.tasks)%2)}
		}})
	case "connect", "refused":
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		r.check(err)
		r.cleanup = append(r.cleanup, func() { unix.Close(fd) })
		to := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
		port := r.address().Port
		if what == "refused" {
			port = 1
		}
		to.Port = uint16(port>>8 | port&0xff<<8)
		defer r.await()
		r.start(&task{what: what, make: func(x *task) sqe {
			*(*unix.RawSockaddrInet4)(unsafe.Pointer(&x.addr)) = to
			return sqe{opcode: opConnect, addr: uint64(uintptr(unsafe.Pointer(&x.addr))), off: unix.SizeofSockaddrInet4}
		}, fd: fd})
	default:
		r.t.Fatalf("a step %q", what)
	}
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

const patience = 10 * time.Second

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

// settle goes on until nothing more happens, and writes down what has.
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
		if fits == nil || r.c.unsent == 0 && rounds >= 3 && fits(now) || rounds > 2000 && r.p.racy {
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

// completed takes in a completion.
func (r *runner) completed(c cqe) {
	if c.userData == 1<<40 {
		r.cancels = append(r.cancels, fmt.Sprint(c.res))
		return
	}
	x := r.pending[c.userData]
	if x == nil {
		r.t.Fatalf("a completion %+v of a request that has ended", c)
	}
	more := c.flags&cqeMore != 0
	if !more {
		delete(r.pending, c.userData)
	}
	if more && x.request.ioprio&recvMultishot == 0 && !strings.HasPrefix(x.what, "receive many") && !strings.HasPrefix(x.what, "receive some") {
		r.t.Fatalf("%s: more is to come: %+v", x.what, c)
	}
	if c.flags&cqeBuffer != 0 {
		r.taken(x, c)
	}
	if !more {
		r.ended(x, c)
	}
}

// taken takes what lies in a buffer, and offers that again when the ring is done with it.
func (r *runner) taken(x *task, c cqe) {
	id := int(c.flags >> cqeBufferShift)
	b := &r.c.used[id]
	start := id*r.c.size + *b
	n := int(max(c.res, 0))
	x.got = append(x.got, r.c.data[start:start+n]...)
	*b += n
	if c.flags&cqeBufMore == 0 {
		*b = 0
		r.c.offer(uint16(id))
	}
}

// ended takes in the last completion of a request.
func (r *runner) ended(x *task, c cqe) {
	errno := syscall.Errno(-c.res)
	interrupted := errno == unix.ECANCELED || errno == unix.EINTR || errno == unix.EAGAIN
	many := x.what == "receive many" || x.what == "receive some"
	switch {
	case interrupted && x.canceled:
		x.result, x.free = "interrupted", errno.Error()
	case interrupted:
		r.again(x)
	case errno == unix.ENOBUFS && many:
		if x.canceled {
			x.result = "interrupted"
			return
		}
		r.again(x)
	case x.what == "connect" && (errno == unix.EISCONN || errno == unix.EALREADY):
		if errno == unix.EISCONN {
			x.result = "0"
			return
		}
		r.again(x)
	case c.res < 0:
		x.result = errno.Error()
	case many && c.res == 0:
		x.result = "end"
	case many && x.limit > 0 && len(x.got) >= x.limit:
		x.result = "enough"
	case many && x.canceled:
		x.result = "interrupted"
	case many:
		r.again(x)
	case x.what == "accept":
		unix.Close(int(c.res))
		x.result = "accepted"
	case x.what == "receive packet":
		x.got = x.buf[:min(int(c.res), len(x.buf))]
		x.result = fmt.Sprintf("%d, name %d", c.res, x.header.Namelen)
	case strings.HasPrefix(x.what, "poll"):
		x.result = fmt.Sprintf("events %#x", c.res)
	case c.res == 0 && x.want > 0:
		x.result = "end"
	case x.want > 0:
		if x.buf != nil {
			x.got = x.buf[:len(x.got)+int(c.res)]
		} else {
			x.got = pattern[:len(x.got)+int(c.res)]
		}
		switch {
		case len(x.got) == x.want:
			x.result = "done"
		case x.canceled:
			x.result = "interrupted"
		default:
			r.again(x)
		}
	default:
		x.result = fmt.Sprint(c.res)
	}
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
