package ops

import "context"

// Contextual is implemented by a handler that brings a context. A nil context counts as
// none.
type Contextual interface {
	Context() context.Context
}

// WithContext returns a handler that calls h and that ctx is associated with:
// [ContextOf] finds it, through whatever is wrapped around the handler, so the steps
// of a composed operation, an executor or a layer that traces see the values of whoever
// has started the operation. Making the handler allocates it: bind once a chain.
//
// It does not cancel. What would end an operation when ctx is done has to be registered
// with ctx and let go of again, which allocates, and for each operation if nobody says
// when the chain is over; [CancelSlot.CancelOnDone] does that once a chain.
func WithContext(h Handler, ctx context.Context) Handler {
	mustHandler(h)
	if ctx == nil {
		panic("ops: WithContext: nil Context")
	}
	return &contextual{h, ctx}
}

// ContextOf returns the context associated with h, or context.Background() if there is
// none. The outermost wins. It allocates nothing.
func ContextOf(h Handler) context.Context {
	for ; h != nil; h = unwrap(h) {
		if c, ok := h.(Contextual); ok {
			if ctx := c.Context(); ctx != nil {
				return ctx
			}
		}
	}
	return context.Background()
}

type contextual struct {
	handler Handler
	ctx     context.Context
}

func (c *contextual) Complete(n int, err error) { c.handler.Complete(n, err) }
func (c *contextual) Unwrap() Handler           { return c.handler }
func (c *contextual) Context() context.Context  { return c.ctx }
