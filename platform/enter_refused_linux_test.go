package platform_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestEnterRefused forbids io_uring_enter alone: a ring can be made then, and not
// used.
func TestEnterRefused(t *testing.T) {
	for name, errno := range map[string]unix.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS} {
		t.Run(name, func(t *testing.T) {
			if !apart(t, nil) {
				return
			}
			t.Setenv("HEIRLOOM_BACKEND", "")
			refuse(t, unix.SYS_IO_URING_ENTER, errno)
			p, err := platform.New()
			if err != nil {
				t.Fatal(err)
			}
			w := &world{Proactor: p, t: t}
			if p.Backend() != "epoll" {
				t.Errorf("uses %q", p.Backend())
			}
			// Where the ring itself is refused, the reason is that.
			if err := p.Fallback(); err == nil || !strings.Contains(err.Error(), "io_uring_") {
				t.Errorf("the reason is: %v", err)
			}
			if all := platform.Backends(); slices.Contains(all, "io_uring") || !slices.Contains(all, "epoll") {
				t.Errorf("the backends are said to be %q", all)
			}
			if p, err := platform.New(platform.WithBackend("io_uring")); err == nil {
				t.Error("opened")
				w.within("Close", func() { panics(func() { p.Close() }) })
			}
			var posted result
			ops.Post(p, &posted)
			w.within("Run", func() {
				if got := panics(w.run); got != nil {
					t.Errorf("Run panics: %q", got)
				}
			})
			posted.want(t, 0, nil)
			w.within("Close", func() {
				if got := panics(func() { p.Close() }); got != nil {
					t.Errorf("Close panics: %q", got)
				}
			})
		})
	}
}

// TestEnterRefusedLater forbids io_uring_enter when a proactor uses it already.
// Nothing works then, but nothing hangs either.
func TestEnterRefusedLater(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	if !slices.Contains(platform.Backends(), "io_uring") {
		t.Skip("no io_uring here")
	}
	p, err := platform.New(platform.WithBackend("io_uring"))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Proactor: p, t: t}
	l := w.listen("tcp", "127.0.0.1:0")
	refuse(t, unix.SYS_IO_URING_ENTER, unix.EPERM)
	w.within("Accept", func() { t.Logf("Accept: %v", panics(func() { l.Accept(new(platform.Conn), &result{}) })) })
	ops.Post(p, ops.HandlerFunc(func(int, error) { p.Stop() }))
	for range 2 {
		w.within("Run", func() { t.Logf("Run: %v", panics(func() { p.Run(context.Background()) })) })
	}
	for range 2 {
		w.within("Close", func() { t.Logf("Close: %v", panics(func() { p.Close() })) })
	}
}

// TestBackendsAskedAgain asks for the backends when there is no descriptor left
// for a ring, and again when there is: in a process where nobody has asked before.
func TestBackendsAskedAgain(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100}); err != nil {
		t.Fatal(err)
	}
	free := noDescriptors(t)
	without := platform.Backends()
	free()
	p, err := platform.New(platform.WithBackend("io_uring"))
	if err != nil {
		t.Skipf("%v; the backends were %q", err, without)
	}
	p.Close()
	if all := platform.Backends(); !slices.Contains(all, "io_uring") {
		t.Errorf("the backends are said to be %q, and io_uring was opened; before there were descriptors, they were %q", all, without)
	}
}

// noDescriptors leaves the process no descriptor, until free is called.
func noDescriptors(t *testing.T) (free func()) {
	t.Helper()
	var files []int
	for {
		fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.EMFILE {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, fd)
	}
	return func() {
		for _, fd := range files {
			unix.Close(fd)
		}
	}
}
