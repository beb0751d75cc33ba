package sim_test

import (
	"bytes"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// sending returns two ends of a connection, and a file with content.
func (w *world) sending(size int) (a, b *platform.Conn, f *platform.File, content []byte) {
	w.t.Helper()
	a, b, l := w.pair("tcp", "127.0.0.1:0")
	l.Close()
	content = bytes.Repeat([]byte("0123456"), size/7+1)[:size]
	f = w.file("content", os.O_RDWR|os.O_CREATE)
	for at := 0; at < size; {
		var wrote result
		f.WriteAt(content[at:], int64(at), &wrote)
		w.await(&wrote)
		at += wrote.n
	}
	return a, b, f, content
}

func TestSendFile(t *testing.T) {
	for name, weather := range map[string]sim.Weather{
		"calm":   {},
		"parts":  {Partial: 1, Capacity: 10},
		"little": {Capacity: 3, AtOnce: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, sim.Calm, sim.WithWeather(weather))
			a, b, f, content := w.sending(50)
			for _, test := range []struct {
				offset, count int64
				n             int
				err           error
			}{
				{0, -1, 50, nil}, {3, 20, 20, nil}, {40, 20, 10, io.ErrUnexpectedEOF}, {60, -1, 0, nil}, {0, 0, 0, nil},
			} {
				var sent, read result
				got := make([]byte, test.n)
				a.SendFile(f, test.offset, test.count, &sent)
				ops.ReadFull(b, got, &read)
				w.await(&sent, &read)
				sent.want(t, "SendFile", test.n, test.err)
				if want := content[min(int(test.offset), 50):][:test.n]; !bytes.Equal(got, want) {
					t.Errorf("%d from %d: read %q, want %q", test.count, test.offset, got, want)
				}
			}
			a.Close()
			b.Close()
			f.Close()
			w.finish()
		})
	}
}

// TestSendFileStopped ends it in its midst: the handler is told how much was sent.
func TestSendFileStopped(t *testing.T) {
	for name, test := range map[string]struct {
		weather sim.Weather
		stop    func(a, b *platform.Conn, slot *ops.CancelSlot)
		err     error
	}{
		"cancel":      {sim.Weather{Capacity: 10}, func(_, _ *platform.Conn, slot *ops.CancelSlot) { slot.Cancel() }, ops.ErrCanceled},
		"slow cancel": {sim.Weather{Capacity: 10, SlowCancel: 1}, func(_, _ *platform.Conn, slot *ops.CancelSlot) { slot.Cancel() }, ops.ErrCanceled},
		"reset":       {sim.Weather{Capacity: 10}, func(_, b *platform.Conn, _ *ops.CancelSlot) { b.Close() }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, sim.Calm, sim.WithWeather(test.weather))
			a, b, f, _ := w.sending(50)
			var back, got, sent result
			b.Write([]byte{1}, &back) // never read: closing resets
			var slot ops.CancelSlot
			a.SendFile(f, 0, -1, ops.WithCancelSlot(&sent, &slot))
			ops.ReadFull(b, make([]byte, 5), &got)
			w.await(&back, &got)
			var pause result
			ops.Post(w.Proactor, &pause)
			w.await(&pause)
			test.stop(a, b, &slot)
			w.await(&sent)
			switch {
			case test.err != nil:
				if sent.err != test.err || sent.n < 5 || sent.n > 15 {
					t.Errorf("the handler was called with (%d, %v)", sent.n, sent.err)
				}
			default:
				if sent.n >= 50 && sent.err == nil {
					t.Errorf("the handler was called with (%d, %v)", sent.n, sent.err)
				}
			}
			a.Close()
			b.Close()
			f.Close()
			w.finish()
		})
	}
	var writeOnly result
	w := open(t, sim.Calm)
	a, _, _, _ := w.sending(5)
	a.SendFile(w.file("content", os.O_WRONLY), 0, -1, &writeOnly)
	w.await(&writeOnly)
	writeOnly.want(t, "SendFile", 0, syscall.EBADF)
}
