package platform_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestRefused forbids io_uring by a filter of system calls, as containers do,
// in a process of its own: there a proactor uses epoll, and says why.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		container string
		errno     unix.Errno
	}{
		{"Docker", unix.EPERM},
		{"Podman", unix.ENOSYS},
	} {
		t.Run(c.container, func(t *testing.T) {
			if apart(t, nil) {
				refusedWith(t, c.errno)
			}
		})
	}
}

func refusedWith(t *testing.T, errno unix.Errno) {
	t.Setenv("HEIRLOOM_BACKEND", "")
	refuse(t, unix.SYS_IO_URING_SETUP, errno)
	if all := platform.Backends(); slices.Contains(all, "io_uring") || !slices.Contains(all, "epoll") {
		t.Errorf("the backends are said to be %q", all)
	}
	if _, err := platform.New(platform.WithBackend("io_uring")); err == nil {
		t.Error("opened")
	}
	p, err := platform.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Backend() != "epoll" {
		t.Errorf("uses %q", p.Backend())
	}
	for _, want := range []string{"io_uring_setup: " + errno.Error(), "filter of system calls"} {
		if err := p.Fallback(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the reason is %v; want %q in it", err, want)
		}
	}
	var posted result
	ops.Post(p, &posted)
	w := &world{Proactor: p, t: t}
	w.run()
	posted.want(t, 0, nil)
}

// refuse makes a system call fail for the whole process, for good.
func refuse(t *testing.T, call uint32, errno unix.Errno) {
	const setModeFilter, filterTsync, retErrno, retAllow = 1, 1, 0x50000, 0x7fff0000
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: retErrno | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: retAllow},
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, filterTsync, uintptr(unsafe.Pointer(&program))); errno != 0 {
		t.Skipf("no filter: %v", errno)
	}
}
