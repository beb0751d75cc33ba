package platform_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// breakingOff returns memory of the process with a page after which there is nothing, and
// a file that is the memory: whoever reads or writes beyond the page has done that page
// when the system fails with EIO.
func (w *world) breakingOff() (f *platform.File, offset int64, page []byte) {
	w.t.Helper()
	fd, err := unix.MemfdCreate("page", unix.MFD_CLOEXEC)
	if err != nil {
		w.t.Skip(err)
	}
	defer unix.Close(fd)
	size := os.Getpagesize()
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		w.t.Fatal(err)
	}
	// The second page lies beyond the end of the file.
	b, err := unix.Mmap(fd, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { unix.Munmap(b) })
	return w.file("/proc/self/mem", os.O_RDWR), int64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), b[:size]
}

// TestFileFailsMidway has the system fail in the middle of what is written or read. A
// write is told how much was written before and why no more was; a read what it has got,
// and the next one why there is no more.
func TestFileFailsMidway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f, at, page := w.breakingOff()
		size := len(page)
		content := random(5, 2*size)
		var memory counting
		var wrote, none, read, end result
		bound := func(r *result) ops.Handler { return ops.WithAllocator(r, &memory) }
		f.WriteAt(content, at, bound(&wrote))
		f.WriteAt(content[:size], at+int64(size), bound(&none))
		w.run()
		wrote.want(t, size, syscall.EIO)
		none.want(t, 0, syscall.EIO)
		if !bytes.Equal(page, content[:size]) {
			t.Error("something else was written")
		}
		got := make([]byte, 2*size)
		f.ReadAt(got, at, bound(&read))
		f.ReadAt(got[size:], at+int64(size), bound(&end))
		w.run()
		read.want(t, size, nil)
		end.want(t, 0, syscall.EIO)
		if !bytes.Equal(got[:size], page) {
			t.Error("something else was read")
		}
		memory.check(t)
	})
}

// TestFileCanceledMidway ends writes early that the system would fail in their middle. What
// the handler is called with is what is in the file.
func TestFileCanceledMidway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var memory counting
		seen := make(map[string]int)
		for i := range 200 {
			f, at, page := w.breakingOff()
			size := len(page)
			content := bytes.Repeat([]byte{byte(i + 1)}, 2*size)
			var wrote result
			f.WriteAt(content, at, ops.WithAllocator(&wrote, &memory))
			if i%3 == 0 { // a runner hands it over first
				w.Stop()
				w.run()
			}
			want := ops.ErrCanceled
			if i%2 == 0 {
				f.Cancel()
			} else {
				f.Close()
				want = net.ErrClosed
			}
			w.run()
			early := wrote.err == want && (wrote.n == 0 || wrote.n == size)
			if wrote.calls != 1 || !early && (wrote.n != size || !errors.Is(wrote.err, syscall.EIO)) {
				t.Fatalf("round %d: %d calls, the last with (%d, %v)", i, wrote.calls, wrote.n, wrote.err)
			}
			if !bytes.Equal(page[:wrote.n], content[:wrote.n]) || bytes.Count(page[wrote.n:], []byte{0}) != size-wrote.n {
				t.Fatalf("round %d: something else is in the file than the handler was called with, (%d, %v)", i, wrote.n, wrote.err)
			}
			seen[fmt.Sprint(wrote.n, wrote.err)]++
			f.Close()
		}
		memory.check(t)
		t.Log(seen)
	})
}

// TestFileTruncatedMeanwhile cuts off a file that is being sent and read. What was
// promised and is not there any more is an unexpected end; the end of the file as it is
// now is none.
func TestFileTruncatedMeanwhile(t *testing.T) {
	const size, left = 32 << 20, 100
	for name, how := range map[string]struct {
		count int64
		want  error
	}{"all of a count": {size, io.ErrUnexpectedEOF}, "until the end": {-1, nil}} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				name := filepath.Join(t.TempDir(), "content")
				content := random(17, size)
				if err := os.WriteFile(name, content, 0o600); err != nil {
					t.Fatal(err)
				}
				f := w.file(name, os.O_RDONLY)
				c, other := w.peer()
				var sent, read, end result
				c.SendFile(f, 0, how.count, &sent)
				// The peer sees the first bytes, so it is under way.
				first := make([]byte, 1)
				seen := make(chan error, 1)
				go func() {
					_, err := io.ReadFull(other, first)
					seen <- err
					w.Stop()
				}()
				w.run()
				if err := <-seen; err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(name, left); err != nil {
					t.Fatal(err)
				}
				all := received(other)
				w.await(&sent)
				if sent.calls != 1 || sent.n < left || sent.n >= size || sent.err != how.want {
					t.Fatalf("the handler was called with (%d, %v), want less than %d and %v", sent.n, sent.err, size, how.want)
				}
				buf := make([]byte, 2*left)
				f.ReadAt(buf, 0, &read)
				f.ReadAt(buf, left, &end)
				w.run()
				read.want(t, left, nil)
				end.want(t, 0, io.EOF)
				c.Close()
				got, err := all()
				if got = append(first, got...); err != nil || len(got) != sent.n || !bytes.Equal(got[:left], content[:left]) {
					t.Errorf("%d bytes have arrived (%v), and the handler was told of %d", len(got), err, sent.n)
				}
			})
		})
	}
}
