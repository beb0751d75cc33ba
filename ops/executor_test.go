package ops_test

import (
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// An executor that knows no hurry and no patience runs what comes in order.
func TestExecutePlainly(t *testing.T) {
	var j journal
	var l loop
	for i, execute := range []func(ops.Executor, ops.Handler){ops.Post, ops.Dispatch, ops.Defer, ops.Dispatch} {
		execute(&l, ops.HandlerFunc(func(n int, err error) { j.add("handler %d is told %d %v", i, n, err) }))
	}
	j.check(t)
	l.run()
	j.check(t, "handler 0 is told 0 <nil>", "handler 1 is told 0 <nil>", "handler 2 is told 0 <nil>", "handler 3 is told 0 <nil>")
}

func TestExecuteMisuse(t *testing.T) {
	var l loop
	h := ops.HandlerFunc(func(int, error) {})
	for name, execute := range map[string]func(ops.Executor, ops.Handler){
		"Post": ops.Post, "Dispatch": ops.Dispatch, "Defer": ops.Defer,
		"WithExecutor": func(ex ops.Executor, h ops.Handler) { ops.WithExecutor(h, ex) },
	} {
		t.Run(name, func(t *testing.T) {
			mustPanic(t, "nil Executor", func() { execute(nil, h) })
			mustPanic(t, "nil Handler", func() { execute(&l, nil) })
		})
	}
	if len(l.ready) != 0 {
		t.Errorf("%d operations were executed", len(l.ready))
	}
}
