package ops_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// A loop is the least there can be of an executor: a list.
type loop struct{ ready []*ops.Operation }

func (l *loop) Execute(op *ops.Operation) { l.ready = append(l.ready, op) }

// run completes what was executed, in order.
func (l *loop) run() {
	for len(l.ready) > 0 {
		op := l.ready[0]
		l.ready = l.ready[1:]
		op.Complete()
	}
}

// A journal keeps what happened, in order.
type journal []string

func (j *journal) add(format string, args ...any) { *j = append(*j, fmt.Sprintf(format, args...)) }

// check compares the journal with what should have happened, and empties it.
func (j *journal) check(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(*j, want) {
		t.Errorf("what happened: %q\nwant:          %q", []string(*j), want)
	}
	*j = nil
}

// handler returns a handler that notes what it is told.
func (j *journal) handler() ops.Handler {
	return ops.HandlerFunc(func(n int, err error) { j.add("handler %d %v", n, err) })
}

// recorder is an allocator that notes what it does.
type recorder struct {
	name string
	*journal
	fail error // what Allocate returns, if not nil
	last []ops.Operation
}

func (a *recorder) Allocate(n int) ([]ops.Operation, error) {
	if a.fail != nil {
		a.add("%s refuses", a.name)
		return nil, a.fail
	}
	a.add("%s allocates %d", a.name, n)
	a.last = make([]ops.Operation, n)
	return a.last, nil
}

func (a *recorder) Deallocate(s []ops.Operation) {
	if cap(s) != cap(a.last) || &s[0] != &a.last[0] {
		a.add("%s got another block", a.name)
	}
	clear(s)
	a.add("%s releases", a.name)
}

func (a *recorder) String() string { return a.name }

var _ allocator.Allocator[ops.Operation] = (*recorder)(nil)

// mustPanic checks that f panics with a text that has want in it.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one that says %q", got, want)
		}
	}()
	f()
}
