package platform_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestBatchOfOperations has every kind of operation as a member that is too late.
func TestBatchOfOperations(t *testing.T) {
	starts := map[string]func(w *world, h ops.Handler) (check func()){
		"read": func(w *world, h ops.Handler) func() {
			c, peer := w.peer()
			buf := make([]byte, 4)
			c.Read(buf, h)
			return func() {
				// The buffer is not the kernel's any more, and nothing is lost.
				peer.Write([]byte("late"))
				var r result
				other := make([]byte, 4)
				ops.ReadFull(c, other, &r)
				w.run()
				r.want(w.t, 4, nil)
				if string(buf) != "\x00\x00\x00\x00" || string(other) != "late" {
					w.t.Errorf("read %q, and then %q", buf, other)
				}
			}
		},
		"read in full": func(w *world, h ops.Handler) func() {
			c, peer := w.peer()
			peer.Write([]byte("ab"))
			ops.ReadFull(c, make([]byte, 4), h)
			return func() {}
		},
		"accept": func(w *world, h ops.Handler) func() {
			w.listen("tcp", "127.0.0.1:0").Accept(new(platform.Conn), h)
			return func() {}
		},
		"wait": func(w *world, h ops.Handler) func() {
			w.NewTimer().Wait(time.Hour, h)
			return func() {}
		},
		"wait readable": func(w *world, h ops.Handler) func() {
			c, _ := w.peer()
			c.WaitReadable(h)
			return func() {}
		},
		"write": func(w *world, h ops.Handler) func() {
			c, _ := w.peer()
			ops.WriteFull(c, make([]byte, 16<<20), h)
			return func() {}
		},
		"copy": func(w *world, h ops.Handler) func() {
			c, _ := w.peer()
			new(ops.Copier).Copy(c, c, nil, h)
			return func() {}
		},
	}
	for name, start := range starts {
		for _, last := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/last=%v", name, last), func(t *testing.T) {
				each(t, func(t *testing.T, w *world) {
					var b ops.Batch
					var members [2]ops.Member
					var r result
					b.Start(members[:], ops.UntilFirst, &r)
					if last {
						ops.Post(w, &members[1])
					}
					check := start(w, &members[0])
					if !last {
						ops.Post(w, &members[1])
					}
					w.run()
					r.want(t, 1, nil)
					if members[0].Err != ops.ErrCanceled {
						t.Errorf("the member ended with %v", members[0].Err)
					}
					check()
				})
			})
		}
	}
}

// TestBatchClosed closes what the members wait on, or the proactor.
func TestBatchClosed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var b ops.Batch
		var members [3]ops.Member
		var r, abandoned result
		c, _ := w.peer()
		b.Start(members[:2], ops.UntilError, &r)
		c.Read(make([]byte, 1), &members[0])
		w.NewTimer().Wait(time.Hour, &members[1])
		c.Close()
		w.run()
		r.want(t, 0, net.ErrClosed)
		if members[1].Err != ops.ErrCanceled {
			t.Errorf("the timer ended with %v", members[1].Err)
		}
		b.Start(members[:], ops.UntilAll, &abandoned)
		for i := range members {
			w.NewTimer().Wait(time.Hour, &members[i])
		}
		w.Close()
		abandoned.later(t)
	})
}
