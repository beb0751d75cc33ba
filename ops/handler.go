package ops

// A Handler is called, once, when an operation has ended.
type Handler interface {
	// Complete is called by a goroutine that runs the proactor, never from
	// inside the function that started the operation. The operation's memory
	// has been released by then. n is the number of bytes transferred, or 0 for
	// an operation that transfers none. Any other results are in variables that
	// the caller passed to the operation.
	Complete(n int, err error)
}

// A HandlerFunc is a function used as a Handler. The conversion itself allocates
// nothing. Making a closure allocates its variables, so make it once for each
// chain and keep it; a plain function costs nothing.
type HandlerFunc func(n int, err error)

// Complete calls f(n, err).
func (f HandlerFunc) Complete(n int, err error) { f(n, err) }

// An Unwrapper is a Handler around another one. Whatever is associated with
// the inner handler is then also associated with the outer one, unless the
// outer one has an association of the same kind itself.
type Unwrapper interface {
	Handler

	// Unwrap returns the inner handler. It always returns the same one, and
	// any goroutine may call it.
	Unwrap() Handler
}

// An Abandoner is a Handler that owns something that must be released when its
// operation is abandoned, which means that the proactor was closed, and Complete will
// not be called.
type Abandoner interface {
	Handler

	// Abandon is called once, in place of Complete, after the operation's
	// memory was released. Where handlers wrap each other, it is called for
	// every layer that is an Abandoner, outermost first. A layer must not pass
	// the call on.
	Abandon()
}

// unwrap returns the inner handler of h, or nil.
func unwrap(h Handler) Handler {
	if u, ok := h.(Unwrapper); ok {
		return u.Unwrap()
	}
	return nil
}

// mustHandler panics if h cannot be called.
func mustHandler(h Handler) {
	if h == nil {
		panic("ops: nil Handler")
	}
	if f, ok := h.(HandlerFunc); ok && f == nil {
		panic("ops: nil HandlerFunc")
	}
}
