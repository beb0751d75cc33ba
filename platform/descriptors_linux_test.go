package platform_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestAcceptNoDescriptors accepts when the process may have no more
// descriptors. It does so in a process of its own.
func TestAcceptNoDescriptors(t *testing.T) {
	const child = "HEIRLOOM_TEST_NO_DESCRIPTORS"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAcceptNoDescriptors$", "-test.timeout=60s")
		cmd.Env = append(os.Environ(), child+"=yes")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}

	limit := syscall.Rlimit{Cur: 100, Max: 100}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		var clients []net.Conn
		for range 2 {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			clients = append(clients, c)
		}
		var files []int
		for {
			fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				break
			}
			files = append(files, fd)
		}

		var a, b, c platform.Conn
		var failed, again, connect, accepted, second result
		l.Accept(&a, &failed)
		w.run()
		failed.want(t, 0, syscall.EMFILE)
		l.Accept(&a, &again)
		w.Connect(&c, "tcp", l.Addr().String(), &connect)
		w.run()
		again.want(t, 0, syscall.EMFILE)
		connect.want(t, 0, syscall.EMFILE)
		for op, r := range map[string]*result{"accept": &again, "dial": &connect} {
			if e, ok := r.err.(*net.OpError); !ok || e.Op != op || e.Addr == nil || e.Addr.String() != l.Addr().String() {
				t.Errorf("the error of the %s is %v, want one with the address %v", op, r.err, l.Addr())
			}
		}

		for _, fd := range files {
			unix.Close(fd)
		}
		l.Accept(&a, &accepted)
		l.Accept(&b, &second)
		w.run()
		accepted.want(t, 0, nil)
		second.want(t, 0, nil)
		for i, conn := range []*platform.Conn{&a, &b} {
			if got, want := conn.RemoteAddr().String(), clients[i].LocalAddr().String(); got != want {
				t.Errorf("accepted %s, want %s", got, want)
			}
		}
	})
}

// TestNoDescriptorLeak opens and ends many connections in all ways, and counts
// the descriptors of the process.
func TestNoDescriptorLeak(t *testing.T) {
	const conns, atOnce = 2000, 20
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		round := func(how int) {
			var a, b [atOnce]platform.Conn
			var opened [2 * atOnce]result
			for i := range a {
				l.Accept(&a[i], &opened[2*i])
				w.Connect(&b[i], "tcp", l.Addr().String(), &opened[2*i+1])
			}
			w.run()
			buf := make([]byte, 4*atOnce)
			var used [2 * atOnce]result
			for i := range a {
				opened[2*i].want(t, 0, nil)
				opened[2*i+1].want(t, 0, nil)
				if (i+how)%3 > 0 {
					ops.ReadFull(&a[i], buf[4*i:4*i+2], &used[2*i])
					b[i].Write([]byte("abc"), &used[2*i+1]) // one byte is left: closing resets
				} else {
					b[i].Read(buf[4*i:], &used[2*i])
				}
				if (i+how)%5 > 2 {
					a[i].Close()
				}
			}
			ops.Post(w, ops.HandlerFunc(func(int, error) {
				for i := range a {
					a[i].Close()
					b[i].Close()
				}
			}))
			w.run()
		}
		round(0) // whatever the runtime opens for itself is open now
		check := keepsDescriptors(t)
		for i := range conns / atOnce / 2 {
			round(i)
		}
		check(fmt.Sprint(conns, " connections"))
	})
}

// TestShutdown closes proactors with everything outstanding.
func TestShutdown(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			first := m.open(t) // see above
			first.pair()
			first.Close()
			silent := stuck(t)
			check := keepsDescriptors(t)
			for range 20 {
				w := m.open(t)
				a, b := w.pair()
				w.listen("tcp", "127.0.0.1:0").Accept(new(platform.Conn), &result{})
				a.Read(make([]byte, 1), &result{})
				ops.WriteFull(b, make([]byte, 32<<20), &result{})
				w.Connect(new(platform.Conn), "tcp", silent, &result{})
				w.within("Close", func() { w.Close() })
			}
			check("20 proactors were closed")
			noneLeft(t)
		})
	}
}

// keepsDescriptors returns a function that fails the test if descriptors are open then that were
// not before. What earlier tests have left may be closed meanwhile, as garbage.
func keepsDescriptors(t *testing.T) (check func(after string)) {
	t.Helper()
	before := descriptors(t)
	return func(after string) {
		t.Helper()
		for fd, what := range descriptors(t) {
			if before[fd] != what {
				t.Errorf("descriptor %s, %s, is left after %s; there were %d before", fd, describe(fd, what), after, len(before))
			}
		}
	}
}

// describe returns what a descriptor stands for, and of a socket its kind and its ends.
func describe(name, what string) string {
	fd, err := strconv.Atoi(name)
	if err != nil || !strings.HasPrefix(what, "socket:") {
		return what
	}
	kind, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	listens, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	local, _ := unix.Getsockname(fd)
	peer, _ := unix.Getpeername(fd)
	return fmt.Sprintf("%s (type %d, listens %d, %+v to %+v)", what, kind, listens, local, peer)
}

// descriptors returns what each descriptor of the process stands for, but for that of the
// folder which is read for it.
func descriptors(t *testing.T) map[string]string {
	t.Helper()
	const folder = "/proc/self/fd"
	fds, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	open := make(map[string]string)
	for _, fd := range fds {
		if what, err := os.Readlink(filepath.Join(folder, fd.Name())); err == nil {
			open[fd.Name()] = strings.TrimSuffix(what, " (deleted)")
		}
	}
	return open
}

// TestNoDelay checks that small writes are not held back on either end.
func TestNoDelay(t *testing.T) {
	w := mode{backend: "epoll"}.open(t)
	a, b := w.pair()
	// The descriptors are the backend's own, so they are found by address.
	for name, c := range map[string]*platform.Conn{"accepted": a, "connected": b} {
		fd := find(t, c.LocalAddr().String(), c.RemoteAddr().String())
		if v, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || v == 0 {
			t.Errorf("TCP_NODELAY of the %s end is %d (%v), want it set", name, v, err)
		}
	}
}

// find returns the descriptor of this process with the given addresses.
func find(t *testing.T, local, remote string) int {
	t.Helper()
	for fd := range 1 << 16 {
		l, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		r, err := unix.Getpeername(fd)
		if err == nil && text(l) == local && text(r) == remote {
			return fd
		}
	}
	t.Fatalf("no descriptor from %s to %s", local, remote)
	return -1
}

func text(a unix.Sockaddr) string {
	in, ok := a.(*unix.SockaddrInet4)
	if !ok {
		return ""
	}
	return (&net.TCPAddr{IP: in.Addr[:], Port: in.Port}).String()
}

// stuck returns the address of a listener whose queue is full, so that a
// connect to it gets no answer.
func stuck(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	// One is in the queue once the listener is readable, and one is its size.
	first, err := net.Dial("tcp", text(name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { first.Close() })
	ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(ready, int(patience.Milliseconds())); n != 1 {
		t.Fatalf("poll: %d, %v", n, err)
	}
	return text(name)
}

// TestAcceptTakesWhatIsAskedFor has many clients connect to a proactor that is busy.
func TestAcceptTakesWhatIsAskedFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		var accepted result
		l.Accept(new(platform.Conn), &accepted)
		dial := func() {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { c.Close() })
		}
		dial()
		w.await(&accepted)
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			for range 100 {
				dial()
			}
		}))
		w.run()
		if n := taken(t, l.Addr()) - 1; n > 0 {
			t.Errorf("%d connections were accepted, and nobody has asked", n)
		}
		l.Close()
	})
}
