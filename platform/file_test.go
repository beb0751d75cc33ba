package platform_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// temp opens a new file to read and write.
func (w *world) temp() *platform.File {
	w.t.Helper()
	return w.file(filepath.Join(w.t.TempDir(), "file"), os.O_RDWR|os.O_CREATE)
}

// file opens a file that is closed with the test.
func (w *world) file(name string, flag int) *platform.File {
	w.t.Helper()
	f, err := w.OpenFile(name, flag, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.within("closing the file", func() { f.Close() }) })
	return f
}

func TestFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.temp()
		if f.Proactor() != w.Proactor {
			t.Error("Proactor() is another one")
		}
		var wrote, beyond, synced, read, gap, end, past, empty result
		f.WriteAt([]byte("hello"), 0, &wrote)
		f.WriteAt([]byte("world"), 7, &beyond)
		f.Sync(&synced)
		wrote.later(t)
		synced.later(t)
		w.run()
		wrote.want(t, 5, nil)
		beyond.want(t, 5, nil)
		synced.want(t, 0, nil)
		all, some := make([]byte, 100), make([]byte, 4)
		f.ReadAt(all, 0, &read)
		f.ReadAt(some, 4, &gap)
		f.ReadAt(make([]byte, 1), 12, &end)
		f.ReadAt(make([]byte, 1), 1<<40, &past)
		f.ReadAt(nil, 0, &empty)
		read.later(t)
		w.run()
		read.want(t, 12, nil)
		gap.want(t, 4, nil)
		end.want(t, 0, io.EOF)
		past.want(t, 0, io.EOF)
		empty.want(t, 0, nil)
		if string(all[:12]) != "hello\x00\x00world" || string(some) != "o\x00\x00w" {
			t.Errorf("read %q and %q", all[:12], some)
		}
	})
}

// TestFileOrder starts many operations at once. Each side serves them in order.
func TestFileOrder(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		f := w.temp()
		var wrote, synced [50]result
		var order []int
		for i := range wrote {
			f.WriteAt([]byte{byte(i)}, 0, &wrote[i])
			f.Sync(&synced[i])
			wrote[i].then = func() { order = append(order, i) }
		}
		if w.runners > 1 { // handlers may overtake each other
			for i := range wrote {
				wrote[i].then = nil
			}
		}
		w.run()
		for i := range wrote {
			wrote[i].want(t, 1, nil)
			synced[i].want(t, 0, nil)
		}
		for i, n := range order {
			if i != n {
				t.Fatalf("the writes ended in the order %d", order)
			}
		}
		var read result
		b := make([]byte, 2)
		f.ReadAt(b, 0, &read)
		w.run()
		read.want(t, 1, nil)
		if b[0] != byte(len(wrote)-1) {
			t.Errorf("the last write was %d, and %d is in the file", len(wrote)-1, b[0])
		}
	})
}

func TestFileHuge(t *testing.T) {
	const size = 40 << 20
	sent := random(11, size)
	each(t, func(t *testing.T, w *world) {
		f := w.temp()
		got := make([]byte, size)
		at := 0
		var write, read ops.HandlerFunc
		read = func(n int, err error) {
			if at += n; err != nil || at == size {
				return
			}
			f.ReadAt(got[at:], int64(at), read)
		}
		write = func(n int, err error) {
			if at += n; err != nil {
				t.Errorf("after %d bytes: %v", at, err)
				return
			}
			if at < size {
				f.WriteAt(sent[at:], int64(at), write)
				return
			}
			at = 0
			read(0, nil)
		}
		write(0, nil)
		w.run()
		if at != size || !bytes.Equal(got, sent) {
			t.Errorf("%d of %d bytes came back, or others than were written", at, size)
		}
	})
}

// TestFilesApart uses several files at once, and the same one opened twice.
func TestFilesApart(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		name := filepath.Join(t.TempDir(), "file")
		f, g := w.file(name, os.O_RDWR|os.O_CREATE), w.file(name, os.O_RDWR)
		other := w.temp()
		var wrote, apart, read, none result
		f.WriteAt([]byte("abc"), 0, &wrote)
		other.WriteAt([]byte("xyz"), 0, &apart)
		w.run()
		f.Close()
		b := make([]byte, 3)
		g.ReadAt(b, 0, &read)
		f.ReadAt(b, 0, &none)
		w.run()
		wrote.want(t, 3, nil)
		apart.want(t, 3, nil)
		read.want(t, 3, nil)
		none.want(t, 0, net.ErrClosed)
		if string(b) != "abc" {
			t.Errorf("read %q", b)
		}
	})
}

func TestFileErrors(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		dir := t.TempDir()
		name := filepath.Join(dir, "file")
		b := make([]byte, 1)
		one := func(what string, want error, start func(h ops.Handler)) {
			t.Helper()
			var r result
			start(&r)
			r.later(t)
			w.run()
			if r.calls != 1 || r.n != 0 || !errors.Is(r.err, want) {
				t.Errorf("%s: %d calls, last with (%d, %v), want (0, %v)", what, r.calls, r.n, r.err, want)
			}
		}
		write := w.file(name, os.O_WRONLY|os.O_CREATE)
		read := w.file(name, os.O_RDONLY)
		one("a negative offset", syscall.EINVAL, func(h ops.Handler) { read.ReadAt(b, -1, h) })
		one("a negative offset to write at", syscall.EINVAL, func(h ops.Handler) { write.WriteAt(b, -1, h) })
		if runtime.GOOS != "windows" {
			one("reading what is open to be written", syscall.EBADF, func(h ops.Handler) { write.ReadAt(b, 0, h) })
			one("writing what is open to be read", syscall.EBADF, func(h ops.Handler) { read.WriteAt(b, 0, h) })
			one("reading a directory", syscall.EISDIR, func(h ops.Handler) { w.file(dir, os.O_RDONLY).ReadAt(b, 0, h) })
		}
		if _, err := os.Stat("/dev/full"); err == nil && runtime.GOOS != "windows" {
			one("a full device", syscall.ENOSPC, func(h ops.Handler) { w.file("/dev/full", os.O_WRONLY).WriteAt(b, 0, h) })
		}
		read.Close()
		one("a closed file", net.ErrClosed, func(h ops.Handler) { read.ReadAt(b, 0, h) })
		one("a closed file, nothing", net.ErrClosed, func(h ops.Handler) { read.ReadAt(nil, 0, h) })
		one("a closed file, sync", net.ErrClosed, func(h ops.Handler) { read.Sync(h) })
		if err := read.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closing it again: %v", err)
		}
		read.Cancel()
	})
}

func TestFileRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		dir := t.TempDir()
		name := filepath.Join(dir, "file")
		if _, err := w.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file that there is not: %v", err)
		}
		if _, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err == nil || !strings.Contains(err.Error(), "append") {
			t.Errorf("a file that appends: %v", err)
		}
		if _, err := os.Stat(name); err == nil {
			t.Error("it was made")
		}
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.NewFile(f); err == nil || !strings.Contains(err.Error(), "append") {
			t.Errorf("an os.File that appends: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("what was refused is not open any more: %v", err)
		}
		if _, err := w.NewFile(f); !errors.Is(err, os.ErrClosed) {
			t.Errorf("an os.File that is closed: %v", err)
		}
		r, out, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer out.Close()
		if _, err := w.NewFile(r); !errors.Is(err, syscall.ESPIPE) {
			t.Errorf("a pipe: %v", err)
		}
		w.Close()
		if _, err := w.OpenFile(name, os.O_RDWR, 0); !errors.Is(err, net.ErrClosed) {
			t.Errorf("on a closed proactor: %v", err)
		}
	})
}

func TestNewFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		f, err := w.NewFile(old)
		if err != nil {
			t.Fatal(err)
		}
		var wrote, read result
		b := make([]byte, 3)
		f.WriteAt([]byte("abc"), 0, &wrote)
		w.run()
		f.ReadAt(b, 0, &read)
		w.run()
		wrote.want(t, 3, nil)
		read.want(t, 3, nil)
		if err := f.Close(); err != nil || string(b) != "abc" {
			t.Errorf("read %q; closing it: %v", b, err)
		}
	})
}

// TestFileCancel cancels many operations in all ways. Each ends once, done or
// cancelled, and what was cancelled has not happened.
func TestFileCancel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, how := range []string{"slot", "all", "close", "timeout"} {
			f := w.temp()
			const n = 100
			var wrote [n]result
			var memory counting
			var slot ops.CancelSlot
			for i := range wrote {
				h := ops.WithAllocator(&wrote[i], &memory)
				if how == "timeout" {
					h = ops.WithTimeout(h, 1)
				}
				if i == n-1 && how == "slot" {
					h = ops.WithCancelSlot(h, &slot)
				}
				f.WriteAt([]byte{1}, int64(i), h)
			}
			want := ops.ErrCanceled
			switch how {
			case "slot":
				slot.Cancel()
			case "all":
				f.Cancel()
			case "close":
				f.Close()
				want = net.ErrClosed
			case "timeout":
				want = os.ErrDeadlineExceeded
			}
			w.run()
			memory.check(t)
			done := 0
			for i := range wrote {
				switch r := &wrote[i]; {
				case r.calls == 1 && r.n == 1 && r.err == nil:
					done++
				case r.calls != 1 || r.n != 0 || !errors.Is(r.err, want):
					t.Fatalf("%s: write %d: %d calls, last with (%d, %v)", how, i, r.calls, r.n, r.err)
				case how == "slot" && i != n-1:
					t.Errorf("write %d was cancelled", i)
				}
			}
			if how == "slot" && wrote[n-1].err == nil {
				t.Error("what waited for its turn was not cancelled")
			}
			t.Logf("%s: %d of %d were done", how, done, n)
			if how == "close" {
				continue
			}
			b := make([]byte, n+1)
			var read result
			f.ReadAt(b, 0, &read)
			w.run()
			if got := bytes.Count(b, []byte{1}); read.calls != 1 || got != done {
				t.Errorf("%s: %d bytes were written, and %d handlers told so", how, got, done)
			}
		}
	})
}

// TestFileAbandon closes a proactor with operations on files outstanding.
func TestFileAbandon(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for n := range 3 {
			w := w.mode.open(t)
			f := w.temp()
			var memory counting
			var calls atomic.Int32
			h := ops.WithAllocator(ops.HandlerFunc(func(int, error) {
				if calls.Add(1) > 1 && w.runners == 0 {
					t.Error("a handler was called although the proactor is closed")
				}
				w.Close()
			}), &memory)
			big, into := make([]byte, 1<<20), make([]byte, 1000)
			for range 10 {
				f.WriteAt(big, 0, h)
				f.ReadAt(into, 0, ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), &memory))
				f.Sync(h)
			}
			if n > 0 {
				if err := w.runErr(); !errors.Is(err, net.ErrClosed) {
					t.Errorf("Run: %v", err)
				}
			}
			w.within("Close", func() { w.Close() })
			memory.check(t)
			if err := f.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the file is open: %v", err)
			}
		}
	})
}

// TestFileAndConn has operations on files and on sockets end together.
func TestFileAndConn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.pair()
		f := w.temp()
		const rounds = 500
		buf, in := make([]byte, 8), make([]byte, 8)
		n := 0
		var wrote, sent, received, read ops.HandlerFunc
		check := func(err error) {
			if err != nil {
				t.Errorf("round %d: %v", n, err)
			}
		}
		wrote = func(_ int, err error) { check(err); f.ReadAt(in, int64(8*n), read) }
		read = func(_ int, err error) {
			check(err)
			if !bytes.Equal(in, buf) {
				t.Errorf("round %d: %q was read and %q written", n, in, buf)
			}
			ops.WriteFull(a, in, sent)
		}
		sent = func(_ int, err error) { check(err); ops.ReadFull(b, buf, received) }
		received = func(_ int, err error) {
			check(err)
			if n++; n < rounds {
				copy(buf, fmt.Sprintf("%08d", n))
				f.WriteAt(buf, int64(8*n), wrote)
			}
		}
		timer := w.NewTimer()
		timer.Wait(time.Microsecond, ops.HandlerFunc(func(int, error) { f.WriteAt(buf, 0, wrote) }))
		w.run()
		if n != rounds {
			t.Errorf("%d rounds of %d", n, rounds)
		}
	})
}

// TestFileRace cancels and closes files from other goroutines while operations
// start and end. Each ends once, and no block stays behind.
func TestFileRace(t *testing.T) {
	for _, m := range modes() {
		if m.runners == 0 {
			continue
		}
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t)
			var memory counting
			var ends [10]atomic.Int32
			for i := range ends {
				f := w.temp()
				var slot ops.CancelSlot
				b := random(12, 100)
				var closed atomic.Bool
				left := 200
				var h ops.Handler
				h = ops.WithAllocator(ops.WithCancelSlot(ops.HandlerFunc(func(n int, err error) {
					switch {
					case errors.Is(err, net.ErrClosed):
						closed.Store(true)
						ends[i].Add(1)
						return
					case err != nil && err != ops.ErrCanceled && err != io.EOF:
						t.Errorf("told %d, %v", n, err)
					}
					switch left--; {
					case left < 0:
						f.Close()
						fallthrough
					case left%3 == 0:
						f.Sync(h)
					case left%3 == 1:
						f.ReadAt(b, 0, h)
					default:
						f.WriteAt(b, int64(left), h)
					}
				}), &slot), &memory)
				f.WriteAt(b, 0, h)
				go func() {
					for n := 0; !closed.Load(); n++ {
						if slot.Cancel(); n%50 == 0 {
							f.Cancel()
						}
						if i%2 == 0 && n == 500 {
							f.Close()
						}
						runtime.Gosched()
					}
				}()
				t.Cleanup(func() { closed.Store(true) })
			}
			w.run()
			memory.check(t)
			for i := range ends {
				if n := ends[i].Load(); n != 1 {
					t.Errorf("chain %d came to its end %d times", i, n)
				}
			}
		})
	}
}
