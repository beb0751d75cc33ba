package ops_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// hasty is an executor whose operations have ended, on another goroutine, when Execute
// returns: the quickest that a second runner can be. What that goroutine panics with is
// in panics.
type hasty struct {
	end    func(*ops.Operation)
	panics []any
}

func (e *hasty) Execute(op *ops.Operation) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				e.panics = append(e.panics, r)
			}
		}()
		e.end(op)
	}()
	<-done
}

// TestSpawnHasty has operations that end before the coroutine has switched back to the
// goroutine that has resumed it.
func TestSpawnHasty(t *testing.T) {
	told := 0
	h, blocks, cos := spawned(ops.HandlerFunc(func(int, error) { told++ }))
	check := func(t *testing.T, wantTold, wantPanics int, e *hasty) {
		t.Helper()
		if told != wantTold || len(e.panics) != wantPanics || blocks.Counts().Live != 0 || cos.Counts().Live != 0 {
			t.Errorf("the handler was called %d times, want %d; panics %q, want %d; %d blocks and %d Cos are alive",
				told, wantTold, e.panics, wantPanics, blocks.Counts().Live, cos.Counts().Live)
		}
		told = 0
	}
	t.Run("and goes on", func(t *testing.T) {
		e, steps := &hasty{end: (*ops.Operation).Complete}, 0
		ops.Spawn(e, h, func(co *ops.Co) error {
			for range 100 {
				co.Yield() // started by the other goroutine
				co.Await(func(h ops.Handler) { ops.Post(e, h) })
				co.Await(func(h ops.Handler) {
					done := make(chan struct{})
					go func() { defer close(done); ops.Post(e, h) }() // nobody's, for the coroutine
					<-done
				})
				steps++
			}
			return nil
		})
		if steps != 100 {
			t.Errorf("%d steps", steps)
		}
		check(t, 1, 0, e)
	})
	t.Run("and panics", func(t *testing.T) {
		e := &hasty{end: (*ops.Operation).Complete}
		ops.Spawn(e, h, func(co *ops.Co) error {
			co.Await(func(h ops.Handler) { ops.Post(e, h); panic("a bug") })
			return nil
		})
		check(t, 0, 1, e)
	})
	t.Run("and returns", func(t *testing.T) {
		e := &hasty{end: (*ops.Operation).Complete}
		ops.Spawn(e, h, func(co *ops.Co) error {
			defer func() { recover() }()
			co.Await(func(h ops.Handler) { ops.Post(e, h); panic("a bug") })
			return nil
		})
		check(t, 1, 0, e)
	})
	t.Run("and is abandoned", func(t *testing.T) {
		e, unwound := &hasty{end: (*ops.Operation).Complete}, 0
		for _, start := range []func(co *ops.Co){
			func(co *ops.Co) { co.Yield() },
			func(co *ops.Co) { co.Await(func(h ops.Handler) { ops.Post(e, h) }) },
		} {
			e.end = (*ops.Operation).Complete
			ops.Spawn(e, h, func(co *ops.Co) error {
				defer func() { unwound++ }()
				e.end = (*ops.Operation).Abandon
				start(co)
				t.Error("the wait has returned")
				return nil
			})
		}
		if unwound != 2 {
			t.Errorf("%d of 2 are unwound", unwound)
		}
		check(t, 0, 0, e)
	})
}
