package sim_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

func (w *world) file(name string, flag int) *platform.File {
	w.t.Helper()
	f, err := w.OpenFile(name, flag, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func TestFile(t *testing.T) {
	w := open(t, sim.Calm)
	f := w.file("a file", os.O_RDWR|os.O_CREATE)
	var wrote, synced, read, gap, end result
	f.WriteAt([]byte("data"), 2, &wrote)
	f.Sync(&synced)
	w.await(&wrote, &synced)
	wrote.want(t, "WriteAt", 4, nil)
	synced.want(t, "Sync", 0, nil)
	f.Close()

	// What was written is there for who opens the file the next time.
	f = w.file("a file", os.O_RDONLY)
	buf, part := make([]byte, 9), make([]byte, 2)
	f.ReadAt(buf, 0, &read)
	f.ReadAt(part, 1, &gap)
	f.ReadAt(part, 6, &end)
	w.await(&read, &gap, &end)
	read.want(t, "ReadAt", 6, nil)
	gap.want(t, "ReadAt", 2, nil)
	end.want(t, "ReadAt", 0, io.EOF)
	if string(buf[:6]) != "\x00\x00data" || string(part) != "\x00d" {
		t.Errorf("read %q and %q", buf[:6], part)
	}
	f = w.file("a file", os.O_RDWR|os.O_TRUNC)
	end = result{}
	f.ReadAt(buf, 0, &end)
	w.await(&end)
	end.want(t, "ReadAt of what was truncated", 0, io.EOF)
	w.finish()
}

func TestFileErrors(t *testing.T) {
	w := open(t, sim.Calm)
	if _, err := w.OpenFile("none", os.O_RDWR, 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that there is not: %v", err)
	}
	f := w.file("one", os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if _, err := w.OpenFile("one", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0); !errors.Is(err, os.ErrExist) {
		t.Errorf("a file that is to be new: %v", err)
	}
	buf := make([]byte, 1)
	var read, wrote, large, negative result
	f.ReadAt(buf, 0, &read)
	w.file("one", os.O_RDONLY).WriteAt(buf, 0, &wrote)
	f.WriteAt(buf, 1<<60, &large)
	f.ReadAt(buf, -1, &negative)
	w.await(&read, &wrote, &large, &negative)
	read.want(t, "ReadAt", 0, syscall.EBADF)
	wrote.want(t, "WriteAt", 0, syscall.EBADF)
	large.want(t, "WriteAt far away", 0, syscall.EFBIG)
	negative.want(t, "ReadAt before the beginning", 0, syscall.EINVAL)
	if _, err := w.NewFile(os.Stdout); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a file of the system: %v", err)
	}
	w.finish()
}

func TestVectored(t *testing.T) {
	for name, weather := range map[string]sim.Weather{
		"calm": {}, "partial": {Partial: 1}, "full": {Capacity: 3}, "scribbled": {Scribble: 1}, "at once": {AtOnce: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, sim.Seeded(1), sim.WithWeather(weather))
			server, client, _ := w.pair("tcp", "127.0.0.1:0")
			const text = "scattered and gathered"
			sent, got := 0, 0
			buf := make([]byte, len(text))
			var write, read ops.HandlerFunc
			write = func(n int, err error) {
				if sent += n; err != nil || sent == len(text) {
					client.CloseWrite()
					return
				}
				rest := []byte(text[sent:])
				client.WriteVectored([][]byte{nil, rest[:len(rest)/2], {}, rest[len(rest)/2:]}, write)
			}
			read = func(n int, err error) {
				if got += n; err != nil {
					if err != io.EOF {
						t.Error(err)
					}
					return
				}
				rest := buf[got:]
				if len(rest) == 0 {
					rest = make([]byte, 1)
				}
				server.ReadVectored([][]byte{rest[:1], nil, rest[1:]}, read)
			}
			write(0, nil)
			read(0, nil)
			w.run()
			if sent != len(text) || got != len(text) || !bytes.Equal(buf, []byte(text)) {
				t.Errorf("%d bytes were sent and %d read: %q", sent, got, buf)
			}
			w.finish()
		})
	}
}

// TestFileNoSpace: a write that finds no room for all of it is told how much was written, and
// that is in the file. One of nothing needs no room.
func TestFileNoSpace(t *testing.T) {
	for answer, room := range []int{0, 2, 3} {
		w := open(t, rare{"how much there is room for": answer}, sim.WithWeather(sim.Weather{NoSpace: 1}))
		f := w.file("a file", os.O_RDWR|os.O_CREATE)
		var wrote, beyond, nothing, read result
		f.WriteAt([]byte("data"), 0, &wrote)
		f.WriteAt(nil, 0, &nothing)
		w.await(&wrote, &nothing)
		wrote.want(t, "WriteAt", room, syscall.ENOSPC)
		nothing.want(t, "WriteAt of nothing", 0, nil)
		if room == 0 {
			f.WriteAt([]byte("data"), 5, &beyond)
			w.await(&beyond)
			beyond.want(t, "WriteAt beyond the end", 0, syscall.ENOSPC)
		}
		buf := make([]byte, 9)
		f.ReadAt(buf, 0, &read)
		w.await(&read)
		if room > 0 {
			read.want(t, "ReadAt", room, nil)
		} else {
			read.want(t, "ReadAt of an empty file", 0, io.EOF)
		}
		if got := string(buf[:room]); got != "data"[:room] {
			t.Errorf("in the file is %q", got)
		}
		w.finish()
	}
}

// TestFileWritten: a write is less than everything only with an error, in any weather.
func TestFileWritten(t *testing.T) {
	w := open(t, sim.Seeded(1), sim.WithWeather(sim.Weather{Partial: 1}))
	f := w.file("a file", os.O_RDWR|os.O_CREATE)
	content := bytes.Repeat([]byte("0123456789"), 10)
	for i := range 10 {
		var wrote, read result
		f.WriteAt(content, int64(i), &wrote)
		w.await(&wrote)
		wrote.want(t, "WriteAt", len(content), nil)
		buf := make([]byte, len(content))
		f.ReadAt(buf, int64(i), &read)
		w.await(&read)
		if read.err != nil || read.n == 0 || read.n == len(buf) || !bytes.Equal(buf[:read.n], content[:read.n]) {
			t.Errorf("read (%d, %v): %q", read.n, read.err, buf)
		}
	}
	w.finish()
}
