//go:build !bsdcalls

package descriptor

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// TestPipesAreFew lends all pipes that there are, for two proactors, gets back some that are
// empty and some that are not, and has none left when both were shut down.
func TestPipesAreFew(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	var pipes [2]Pipes
	of := func(i int) *Pipes { return &pipes[i/2%2] }
	var all [maxLent + 1]ops.Operation
	for round := range 2 {
		for i := range all {
			if _, err := unix.Write(pair[0], []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
			taken, err := of(i).Take(int32(pair[1]), &all[i])
			if err != nil || taken != (i < maxLent) {
				t.Fatalf("round %d: taken %d times: %v, %v", round, i, taken, err)
			}
		}
		if n, err := unix.Read(pair[1], make([]byte, 2)); n != 1 || err != nil {
			t.Fatalf("%d bytes are left where none was taken: %v", n, err)
		}
		if taken, err := of(0).Take(int32(pair[1]), new(ops.Operation)); taken || err != nil {
			t.Errorf("taken of nothing: %v, %v", taken, err)
		}
		for i := range all[:maxLent] {
			op := &all[i]
			at, left := backend.Spliced(op)
			if x := (*pipe)(at); left != 1 || x.read < 0 {
				t.Fatalf("%d bytes were taken", left)
			}
			if i%2 == round && !Put(int32(pair[1]), op) {
				t.Fatalf("byte %d was not written", i)
			}
			if i == 10 && round == 1 {
				pipes[0].Shutdown()
				pipes[1].Shutdown()
			}
			of(i).End(op)
			all[i] = ops.Operation{}
		}
		if n, k := lent.Load(), kept.Load(); n != 0 || k > maxKept || round == 0 && k == 0 {
			t.Errorf("%d pipes are lent, %d kept", n, k)
		}
		if n, err := unix.Read(pair[0], make([]byte, 100)); n != maxLent/2 {
			t.Errorf("%d bytes were written: %v", n, err)
		}
	}
	if k := kept.Load(); k != 0 || pipes[0].idle != nil || pipes[1].idle != nil {
		t.Errorf("%d pipes are kept after the end", k)
	}
}

// TestStreamError has splices return what a read would not meet any more, and leave to a read
// what it says itself.
func TestStreamError(t *testing.T) {
	for _, errno := range []syscall.Errno{0, unix.EAGAIN, unix.EBADF, unix.EINVAL, unix.ENOMEM, unix.ENOSYS, unix.EPERM} {
		if err := streamError(errno); err != nil {
			t.Errorf("%v is told of: %v", errno, err)
		}
	}
	for _, errno := range []syscall.Errno{
		unix.ECONNRESET, unix.EPIPE, unix.ETIMEDOUT, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ECONNREFUSED, unix.EPROTO,
		unix.ECONNABORTED, unix.EHOSTDOWN, unix.ENONET, unix.EACCES, unix.ENOPROTOOPT, unix.EMSGSIZE, unix.EOPNOTSUPP,
		unix.EBADMSG, unix.EIO, unix.ENOTCONN,
	} {
		var call *os.SyscallError
		if err := streamError(errno); !errors.Is(err, errno) || !errors.As(err, &call) || call.Syscall != "read" {
			t.Errorf("%v is %v", errno, err)
		}
	}
}

// TestTakeAborted has a connection aborted, as an administrator can, before something is taken
// from it. A read after that would find the end of the stream.
func TestTakeAborted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fd, err := TakeOver(c.(*net.TCPConn))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var is Spliceable
	if !is.Of(int32(fd)) {
		t.Skip("there is no splice(2) here")
	}
	// A connection in repair is aborted when it is disconnected, as by SOCK_DESTROY.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_REPAIR, 1); err != nil {
		t.Skipf("no repair: %v", err)
	}
	none := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	if _, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&none)), unsafe.Sizeof(none)); errno != 0 {
		t.Fatal(errno)
	}
	var p Pipes
	defer p.Shutdown()
	taken, err := p.Take(int32(fd), new(ops.Operation))
	if taken || !errors.Is(err, unix.ECONNABORTED) {
		t.Errorf("taken %v, error %v", taken, err)
	}
}

// TestPipeTooSmall asks for a pipe of a size that the system refuses, and leaves nothing open.
func TestPipeTooSmall(t *testing.T) {
	before, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(before)
	if x := newPipe(-1); x != nil {
		t.Error("there is a pipe")
	}
	after, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(after)
	if after != before {
		t.Errorf("the next descriptor was %d, and is %d", before, after)
	}
	x := newPipe(pipeSize)
	if x == nil {
		t.Skip("no pipes here")
	}
	defer x.close()
	if n, err := unix.FcntlInt(uintptr(x.read), unix.F_GETPIPE_SZ, 0); n < pipeSize || err != nil {
		t.Errorf("it holds %d bytes, error %v", n, err)
	}
}
