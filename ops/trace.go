package ops

import (
	"fmt"
	"runtime/trace"
)

// WithTrace returns a handler that calls h and appears in execution traces. While
// runtime/trace is on, each call of h is a region called name, in the task of the context
// associated with h (see [WithContext]), and an error that h is called with is an event.
// Making the handler allocates: make one for each chain and keep it.
//
// It is to handlers what combinators.Trace is to allocators. If the allocator of a chain
// is called "session 7" there, and its handlers "session 7: read" and "session 7: write"
// here, go tool trace lists them side by side. The program examples/tracechain draws the
// life of such a chain: which operation had the block, for how long, and when each
// handler ran.
//
// While tracing is off, the handler costs an atomic load for each call, and allocates
// nothing.
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
