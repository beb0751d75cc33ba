package ops

import "context"

// Contextual is implemented by a handler that brings a context.
type Contextual interface {
	// Context returns the context; nil counts as none.
	Context() context.Context
}

// WithContext returns a handler that calls h and that ctx is associated with.
// [ContextOf] finds it through any wrappers around the handler. So the steps of a
// composed operation, an executor or a layer that traces see the values of the
// context with which the operation was started. Making the handler allocates: bind
// once for each chain.
//
// The operation is not cancelled when ctx is done, because registering for that with
// ctx and unregistering allocates. [CancelSlot.CancelOnDone] does so once for a whole
// chain.
func WithContext(h Handler, ctx context.Context) Handler {
	mustHandler(h)
	if ctx == nil {
		panic("ops: WithContext: nil Context")
	}
	return &contextual{h, ctx}
}

// ContextOf returns the context associated with h, or context.Background() if
// there is none. The outermost context wins. It allocates nothing.
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
