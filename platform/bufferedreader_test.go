package platform_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// TestBufferedReaderOfConn reads lines, and words, that come in pieces of all sizes.
func TestBufferedReaderOfConn(t *testing.T) {
	var text bytes.Buffer
	for i := range 5000 {
		fmt.Fprintf(&text, "line %d of %s\n", i, bytes.Repeat([]byte{'x'}, i%90))
	}
	for _, words := range []bool{false, true} {
		each(t, func(t *testing.T, w *world) {
			c, peer := w.peer()
			go func() {
				b := text.Bytes()
				for i := 0; len(b) > 0; i++ {
					n := min(len(b), 1+i*7919%3000)
					peer.Write(b[:n])
					b = b[n:]
				}
				peer.CloseWrite()
			}()
			var memory counting
			var h ops.Handler
			var err error
			b := ops.NewBufferedReader(c, make([]byte, 128))
			read := func() { b.ReadLine(h) }
			want := bufio.NewScanner(bytes.NewReader(text.Bytes()))
			if words {
				read = func() { b.ReadToken(bufio.ScanWords, h) }
				want.Split(bufio.ScanWords)
			}
			count := 0
			h = ops.WithAllocator(ops.HandlerFunc(func(n int, e error) {
				if err = e; err != nil {
					return
				}
				if !want.Scan() || want.Text() != string(b.Bytes()) {
					t.Errorf("piece %d is %q, want %q", count, b.Bytes(), want.Text())
					return
				}
				if memory.alive() != 0 {
					t.Error("a block is alive in the handler")
				}
				count++
				read()
			}), &memory)
			read()
			w.run()
			if err != io.EOF || want.Scan() {
				t.Errorf("ended with %v after %d pieces", err, count)
			}
			memory.check(t)
		})
	}
}

// TestBufferedReaderInterrupted cancels a read, and lets one be late, in the midst of a
// line, which is read all the same afterwards.
func TestBufferedReaderInterrupted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		b := ops.NewBufferedReader(c, make([]byte, 100))
		var slot ops.CancelSlot
		var first, canceled, late, second, third, closed, after, rest result
		peer.Write([]byte("one\ntw"))
		b.ReadLine(&first)
		w.run()
		first.want(t, 3, nil)
		b.ReadLine(ops.WithCancelSlot(&canceled, &slot))
		ops.Post(w, ops.HandlerFunc(func(int, error) { slot.Cancel() }))
		w.run()
		canceled.want(t, 0, ops.ErrCanceled)
		b.ReadUntil('\n', ops.WithTimeout(&late, time.Millisecond))
		w.run()
		late.want(t, 0, os.ErrDeadlineExceeded)
		peer.Write([]byte("o\nthree\nfour"))
		b.ReadUntil('\n', &second)
		w.run()
		second.want(t, 4, nil)
		if string(b.Bytes()) != "two\n" {
			t.Errorf("read %q", b.Bytes())
		}
		b.ReadLine(&third)
		third.later(t)
		w.run()
		third.want(t, 5, nil)
		buf := make([]byte, 8)
		b.ReadFull(buf, ops.WithTimeout(&rest, 10*time.Millisecond))
		w.run()
		if rest.calls != 1 || rest.err != os.ErrDeadlineExceeded || string(buf[:rest.n])+string(b.Buffered()) != "four"[:rest.n+len(b.Buffered())] {
			t.Errorf("called %d times with (%d, %v), read %q", rest.calls, rest.n, rest.err, buf[:rest.n])
		}
		b.ReadLine(&closed)
		c.Close()
		w.run()
		closed.want(t, 0, net.ErrClosed)
		b.ReadLine(&after)
		w.run()
		after.want(t, 0, net.ErrClosed)
	})
}

func TestBufferedReaderOfClosedProactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, _ := w.peer()
		var memory counting
		var r result
		b := ops.NewBufferedReader(c, make([]byte, 100))
		b.ReadLine(ops.WithAllocator(&r, &memory))
		w.Close()
		r.later(t)
		memory.check(t)
		b.Reset(c, make([]byte, 100)) // nothing is outstanding any more
	})
}
