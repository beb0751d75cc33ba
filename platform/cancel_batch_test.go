package platform_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// TestContextCancelsSeveral has a context cancel what has several operations
// outstanding, from a goroutine of its own, also where only the runner may.
func TestContextCancelsSeveral(t *testing.T) {
	for name, start := range map[string]func(w *world, h ops.Handler){
		"batch": func(w *world, h ops.Handler) {
			c, _ := w.peer()
			members := make([]ops.Member, 2)
			new(ops.Batch).Start(members, ops.UntilAll, h)
			c.Read(make([]byte, 1), &members[0])
			w.NewTimer().Wait(time.Hour, &members[1])
		},
		"pipe": func(w *world, h ops.Handler) {
			a, _ := w.peer()
			b, _ := w.peer()
			new(ops.Pipe).Start(a, b, nil, h)
		},
		"pipe in a batch": func(w *world, h ops.Handler) {
			a, _ := w.peer()
			b, _ := w.peer()
			members := make([]ops.Member, 1)
			new(ops.Batch).Start(members, ops.UntilAll, h)
			new(ops.Pipe).Start(a, b, nil, &members[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachAndFakes(t, func(t *testing.T, w *world) {
				for i := range 6 {
					ctx, cancel := context.WithCancel(context.Background())
					var slot ops.CancelSlot
					stop := slot.CancelOnDone(ctx)
					var r result
					h := ops.WithCancelSlot(&r, &slot)
					if i%2 == 0 { // while they are being started
						go cancel()
						start(w, h)
					} else { // while the runner waits
						start(w, h)
						ops.Post(w, ops.HandlerFunc(func(int, error) { go cancel() }))
					}
					w.await(&r)
					if r.calls != 1 || !errors.Is(r.err, ops.ErrCanceled) {
						t.Fatalf("the handler was called %d times, last with (%d, %v)", r.calls, r.n, r.err)
					}
					stop()
					cancel()
				}
			})
		})
	}
}

// TestOneClock asks the clocks of proactors that were opened one after the other: an
// operation that goes on from one to the other has the time at which it is due with it.
func TestOneClock(t *testing.T) {
	var all []backend.Backend
	for range 2 {
		for _, name := range platform.Backends() {
			p, err := platform.New(platform.WithBackend(name), platform.WithLayer(func(b backend.Backend) backend.Backend {
				all = append(all, b)
				return b
			}))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
		}
	}
	last := int64(0)
	for range 2 {
		for i, b := range all {
			now := b.Now()
			if now < last {
				t.Errorf("clock %d, of %s, is %v behind the one before", i, b.Name(), time.Duration(last-now))
			}
			last = now
		}
	}
}

// TestPipeOfTwoProactors closes one of two proactors that a pipe is on: it is abandoned
// when the other has let go.
func TestPipeOfTwoProactors(t *testing.T) {
	for _, m := range modes() {
		if m.runners == 0 {
			continue // a pipe between proactors that are not alone
		}
		t.Run(m.String(), func(t *testing.T) {
			for closeFirst := range 2 {
				w := [2]*world{m.open(t), m.open(t)}
				a, _ := w[0].peer()
				b, _ := w[1].peer()
				abandoned := make(chan struct{})
				new(ops.Pipe).Start(a, b, nil, &forsaken{t, abandoned})
				w[closeFirst].within("Close", func() { w[closeFirst].Close() })
				other := w[1-closeFirst]
				hold := other.Hold()
				go func() {
					<-abandoned
					hold.Release()
				}()
				other.run()
			}
		})
	}
}

// forsaken is a handler that is to be abandoned.
type forsaken struct {
	t         *testing.T
	abandoned chan struct{}
}

func (f *forsaken) Complete(n int, err error) { f.t.Errorf("called with (%d, %v)", n, err) }
func (f *forsaken) Abandon()                  { close(f.abandoned) }
