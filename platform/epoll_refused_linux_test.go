package platform_test

import (
	"errors"
	"io"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestEpollRefused forbids epoll_ctl in a process of its own, as a kernel does that is short of
// memory or of watches. Each operation that needs it fails, each time that it is tried, and
// what was registered before goes on.
func TestEpollRefused(t *testing.T) {
	for name, errno := range map[string]unix.Errno{"ENOMEM": unix.ENOMEM, "ENOSPC": unix.ENOSPC} {
		for _, m := range []mode{{backend: "epoll"}, {backend: "epoll", runners: 3}} {
			t.Run(name+"/"+m.String(), func(t *testing.T) {
				if apart(t, nil) {
					m.refuseEpoll(t, errno)
				}
			})
		}
	}
}

func (m mode) refuseEpoll(t *testing.T, errno unix.Errno) {
	w := m.open(t)
	l := w.listen("tcp", "127.0.0.1:0")
	address := l.Addr().String()
	a, b := w.pair() // a was accepted, and is not registered for room to write
	c, d := w.pair()
	file := w.temp()
	fill := make([]byte, 32<<20) // more than a connection holds
	var wrote result
	file.WriteAt(fill, 0, &wrote)
	w.await(&wrote)
	wrote.want(t, len(fill), nil)
	silent := stuck(t)
	check := keepsDescriptors(t)
	refuse(t, unix.SYS_EPOLL_CTL, errno)

	if p, err := platform.New(platform.WithBackend("epoll")); err == nil {
		t.Error("a second proactor can be opened")
		p.Close()
	}
	if _, err := w.Listen("tcp", "127.0.0.1:0"); !errors.Is(err, errno) {
		t.Errorf("listens: %v", err)
	}
	if _, err := w.ListenPacket("udp4", "127.0.0.1:0"); !errors.Is(err, errno) {
		t.Errorf("opens a socket for packets: %v", err)
	}
	// Those who fail leave a record that the next one has.
	for range 3 {
		var to, from platform.Conn
		var waits, connected, accepted result
		w.Connect(&to, "tcp", silent, &waits)
		w.await(&waits)
		waits.want(t, 0, errno)
		w.Connect(&to, "tcp", address, &connected)
		w.await(&connected)
		connected.want(t, 0, errno)
		l.Accept(&from, &accepted)
		w.await(&accepted)
		accepted.want(t, 0, errno)
	}

	// What finds no room fails, and what was written arrives.
	full := func(from, to *platform.Conn, write func(ops.Handler)) {
		t.Helper()
		all := 0
		for range 3 {
			var r result
			write(&r)
			w.await(&r)
			r.want(t, r.n, errno)
			all += r.n
		}
		for err := error(nil); err == nil; { // a part of a file leaves room
			var n int
			n, err = from.TryWrite(fill)
			if all += n; err != nil && (n != 0 || !errors.Is(err, errno)) {
				t.Errorf("tries to write: %d, %v", n, err)
			}
		}
		var took, more, end, last result
		ops.ReadFull(to, make([]byte, all), &took)
		w.await(&took)
		took.want(t, all, nil)
		from.Write(make([]byte, 1), &more)
		to.Read(make([]byte, 2), &end)
		w.await(&more, &end)
		more.want(t, 1, nil)
		end.want(t, 1, nil)
		from.Close()
		to.Read(make([]byte, 1), &last)
		w.await(&last)
		last.want(t, 0, io.EOF)
		to.Close()
	}
	full(a, b, func(h ops.Handler) { ops.WriteFull(a, fill, h) })
	full(c, d, func(h ops.Handler) { c.SendFile(file, 0, int64(len(fill)), h) })
	w.run()
	check("epoll_ctl was refused")
	w.within("Close", func() { w.Close() })
	noneLeft(t)
}
