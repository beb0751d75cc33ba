package ops

// A Handler is told, once, how an operation ended.
//
// Complete is called by a goroutine that runs the proactor, never from inside
// the function that started the operation. The operation's memory has been
// released by then. n is the number of bytes transferred, or 0 for an
// operation that transfers none; results beyond n go to variables that the
// caller passed to the operation.
type Handler interface {
	Complete(n int, err error)
}

// HandlerFunc makes a Handler of a function. Converting a function allocates
// only what making the function does: a plain function nothing, a closure its
// variables.
type HandlerFunc func(n int, err error)

// Complete calls f(n, err).
func (f HandlerFunc) Complete(n int, err error) { f(n, err) }

// An Unwrapper is a Handler around another one. Whatever is associated with
// the inner handler is then also associated with the outer one, unless the
// outer one has an association of the same kind itself.
//
// Unwrap returns the same handler whenever it is called, by any goroutine.
type Unwrapper interface {
	Handler
	Unwrap() Handler
}

// An Abandoner is a Handler that owns something that must be released when its
// operation is abandoned, that is, when the proactor was closed and Complete
// will not be called.
//
// Of a handler with wrappers, every layer that is an Abandoner is told,
// outermost first; a layer does not pass the call on.
type Abandoner interface {
	Handler
	Abandon()
}

// unwrap returns the handler inside h, or nil.
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
