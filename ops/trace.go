package ops

import (
	"fmt"
	"runtime/trace"
)

// WithTrace returns a handler that calls h and that an execution trace shows: while
// runtime/trace is on, what h does is a region that is named name, of the task of the
// context associated with h (see [WithContext]), and an error that h is called with is
// an event. Making the handler allocates: make one for each chain and keep it.
//
// It is to handlers what combinators.Trace is to allocators. A chain whose allocator is
// called "session 7" there, and whose handlers are "session 7: read" and
// "session 7: write" here, is listed side by side in go tool trace, and the
// program examples/tracechain draws its life: which block was whose, for how long, and what each
// handler did with it.
//
// While nobody traces it costs an atomic load for each call, and allocates nothing.
func WithTrace(h Handler, name string) Handler {
	mustHandler(h)
	return &traced{h, name}
}

type traced struct {
	handler Handler
	name    string
}

func (t *traced) Complete(n int, err error) {
	if !trace.IsEnabled() {
		t.handler.Complete(n, err)
		return
	}
	ctx := ContextOf(t.handler)
	defer trace.StartRegion(ctx, t.name).End() // also if the handler panics
	if err != nil {
		trace.Log(ctx, t.name, err.Error())
	}
	t.handler.Complete(n, err)
}

func (t *traced) Unwrap() Handler { return t.handler }

func (t *traced) String() string { return fmt.Sprintf("WithTrace(%T, %q)", t.handler, t.name) }
