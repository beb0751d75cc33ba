package platform_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// openSmall opens a new file in a file system with room for size bytes, which ends with it,
// or skips the test.
func (w *world) openSmall(size string) *platform.File {
	w.t.Helper()
	dir := w.t.TempDir()
	var f *platform.File
	var err error
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		runtime.LockOSThread() // and never unlocked: what is mounted is mounted for this thread alone
		if err = unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
			return
		}
		if err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return
		}
		if err = unix.Mount("small", dir, "tmpfs", 0, "size="+size); err != nil {
			return
		}
		f, err = w.OpenFile(filepath.Join(dir, "file"), os.O_RDWR|os.O_CREATE, 0o600)
	}()
	if <-opened; err != nil {
		w.t.Skipf("no small file system can be had: %v", err)
	}
	w.t.Cleanup(func() { f.Close() })
	return f
}

// TestFileNoSpace fills a file system. A write is told how much was written before there was
// no room, and why no more was; later ones that nothing was; what was written is there.
func TestFileNoSpace(t *testing.T) {
	const room = 64 << 10
	each(t, func(t *testing.T, w *world) {
		f := w.openSmall("64k")
		content := random(7, 2*room)
		var memory counting
		var wrote, none, read result
		bound := func(r *result) ops.Handler { return ops.WithAllocator(r, &memory) }
		f.WriteAt(content, 0, bound(&wrote))
		w.await(&wrote)
		wrote.want(t, room, syscall.ENOSPC)
		f.WriteAt(content[room:], room, bound(&none))
		w.await(&none)
		none.want(t, 0, syscall.ENOSPC)
		got := make([]byte, 2*room)
		f.ReadAt(got, 0, bound(&read))
		w.await(&read)
		read.want(t, room, nil)
		if !bytes.Equal(got[:room], content[:room]) {
			t.Error("something else is in the file")
		}
		memory.check(t)
	})
}

// TestDeviceFull writes to a device that never has room.
func TestDeviceFull(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f, err := w.OpenFile("/dev/full", os.O_RDWR, 0)
		if err != nil {
			t.Skip(err)
		}
		defer f.Close()
		var wrote, again result
		f.WriteAt(make([]byte, 100), 0, &wrote)
		f.WriteAt(make([]byte, 100), 7, &again)
		w.await(&wrote, &again)
		wrote.want(t, 0, syscall.ENOSPC)
		again.want(t, 0, syscall.ENOSPC)
	})
}
