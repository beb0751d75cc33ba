package platform_test

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestWriteAtShort writes more than there is room for: the handler is told how
// much was written, and why no more.
func TestWriteAtShort(t *testing.T) {
	t.Run("limit", func(t *testing.T) {
		if !apart(t, nil) {
			return
		}
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: roomToWrite, Max: roomToWrite}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		each(t, func(t *testing.T, w *world) { w.writeTooMuch(t.TempDir(), syscall.EFBIG) })
	})
	t.Run("disk", func(t *testing.T) {
		if !apart(t, withOwn(syscall.CLONE_NEWNS)) {
			return
		}
		// One for each: the room of a file that was removed may come back late.
		each(t, func(t *testing.T, w *world) { w.writeTooMuch(limited(t, roomToWrite), syscall.ENOSPC) })
	})
}

const roomToWrite = 64 << 10

func (w *world) writeTooMuch(dir string, full error) {
	w.t.Helper()
	name := filepath.Join(dir, "file")
	f := w.file(name, os.O_RDWR|os.O_CREATE)
	content := random(13, roomToWrite+40_000)
	var some, none, read result
	f.WriteAt(content, 0, &some)
	w.run()
	some.want(w.t, roomToWrite, full)
	f.WriteAt(content[some.n:], int64(some.n), &none)
	w.run()
	none.want(w.t, 0, full)
	got := make([]byte, len(content))
	f.ReadAt(got, 0, &read)
	w.run()
	read.want(w.t, roomToWrite, nil)
	if !bytes.Equal(got[:read.n], content[:read.n]) {
		w.t.Error("the file has other bytes than were written")
	}
	f.Close()
}

// TestWriteAtHuge writes more than the system takes in one call.
func TestWriteAtHuge(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("no such buffers")
	}
	size := 1 << 20
	size = size<<11 + 4096
	// The device does not look at it, so it takes no memory.
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		t.Skip(err)
	}
	defer unix.Munmap(b)
	each(t, func(t *testing.T, w *world) {
		f := w.file("/dev/null", os.O_RDWR)
		var r result
		f.WriteAt(b, 0, &r)
		w.run()
		r.want(t, size, nil)
	})
}

// TestNewFileWithoutOffsets offers descriptors that have no offsets, some of
// which the system lets be sought.
func TestNewFileWithoutOffsets(t *testing.T) {
	must := func(fd int, err error) *os.File {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), "thing")
		t.Cleanup(func() { f.Close() })
		return f
	}
	things := map[string]func() (int, error){
		"inotify": func() (int, error) { return unix.InotifyInit1(unix.IN_CLOEXEC) },
		"eventfd": func() (int, error) { return unix.Eventfd(1, unix.EFD_CLOEXEC) },
		"timerfd": func() (int, error) { return unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC) },
		"epoll":   func() (int, error) { return unix.EpollCreate1(unix.EPOLL_CLOEXEC) },
		"socket":  func() (int, error) { return unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) },
		"pipe": func() (int, error) {
			var both [2]int
			err := unix.Pipe2(both[:], unix.O_CLOEXEC)
			unix.Close(both[1])
			return both[0], err
		},
		"terminal": func() (int, error) { return unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0) },
	}
	for name, thing := range maps.Clone(things) { // that block, and that do not
		fd, err := thing()
		if err != nil {
			t.Logf("%s: %v", name, err) // a container may have no such device
			delete(things, name)
			continue
		}
		unix.Close(fd)
		things[name+" that does not block"] = func() (int, error) {
			fd, err := thing()
			if err == nil {
				err = unix.SetNonblock(fd, true)
			}
			return fd, err
		}
	}
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			for name, thing := range things {
				f := must(thing())
				if _, err := w.NewFile(f); !errors.Is(err, syscall.ESPIPE) {
					t.Errorf("%s: %v, want %v", name, err, syscall.ESPIPE)
				}
				if err := f.Close(); errors.Is(err, os.ErrClosed) {
					t.Errorf("%s was refused, and is not the caller's any more: %v", name, err)
				}
			}
			name := filepath.Join(t.TempDir(), "fifo")
			if err := unix.Mkfifo(name, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := w.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, syscall.ESPIPE) {
				t.Errorf("a named pipe: %v, want %v", err, syscall.ESPIPE)
			}
			for _, name := range []string{"/dev/null", "/dev/zero", "/dev/urandom"} {
				if _, err := w.OpenFile(name, os.O_RDWR, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
