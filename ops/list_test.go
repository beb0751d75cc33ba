package ops_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// An operation that leaves a queue takes no links along: those of a platform rely on it.
func TestLinksStayBehind(t *testing.T) {
	for name, drive := range map[string]func(s *vectorSink, h ops.Handler){
		"written": func(s *vectorSink, h ops.Handler) {
			q := ops.NewWriteQueue(s, 100)
			for range 4 {
				q.Write([]byte("a"), h)
			}
			s.take(everything, nil)
			s.take(everything, nil)
		},
		"not written": func(s *vectorSink, h ops.Handler) {
			q := ops.NewWriteQueue(s, 100)
			for range 4 {
				q.Write([]byte("a"), h)
			}
			s.take(0, errMid)
		},
		"cancelled": func(s *vectorSink, h ops.Handler) {
			q := ops.NewWriteQueue(s, 100)
			var slots [4]ops.CancelSlot
			for i := range slots {
				q.Write([]byte("a"), ops.WithCancelSlot(h, &slots[i]))
			}
			for i := range slots {
				slots[i].Cancel()
			}
			s.run()
			s.take(everything, nil)
		},
		"flushed": func(s *vectorSink, h ops.Handler) {
			b := ops.NewBufferedWriter(s, 4, nil)
			b.Append([]byte("abcd"))
			for range 2 {
				b.Flush(h)
				b.WhenRoom(1, h)
			}
			s.take(everything, nil)
		},
		"on a strand": func(s *vectorSink, h ops.Handler) {
			strand := ops.NewStrand(s)
			for range 3 {
				ops.Post(strand, h)
			}
			ops.Dispatch(strand, h)
			s.run()
		},
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var there loop
			drive(new(vectorSink), ops.WithExecutor(j.handler(), &there))
			if len(there.ready) != 4 {
				t.Errorf("%d operations have ended, want 4", len(there.ready))
			}
			for i, op := range there.ready {
				if op.Next != nil || op.Prev != nil {
					t.Errorf("operation %d has links: %p and %p", i, op.Next, op.Prev)
				}
			}
		})
	}
}
