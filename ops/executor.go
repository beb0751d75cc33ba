package ops

// An Executor decides where handlers run: it completes operations later, on
// goroutines of its choice. A proactor and a [Strand] are executors.
//
// It may also be [Associated], with the default allocator for handlers that
// bring none.
type Executor interface {
	// Execute makes the executor call op.Complete once, later and not from
	// inside Execute, or op.Abandon if the executor is closed before that. Any
	// goroutine may call Execute.
	Execute(op *Operation)
}

// Post calls h later, from a goroutine that runs ex, with 0 and nil. Use it to
// run a function on a proactor. Any goroutine may call it.
func Post(ex Executor, h Handler) {
	mustExecutor(ex)
	ex.Execute(begin(h, nil, ex))
}

func mustExecutor(ex Executor) {
	if ex == nil {
		panic("ops: nil Executor")
	}
}

// Dispatch is like [Post], but asks the executor to call h before the handlers
// that already wait. Unlike the function of that name in Asio, it never calls h
// itself: a handler never runs inside the function that started it. Only an
// [Urgent] executor, such as a [Strand], can call h first; others treat Dispatch as
// Post.
func Dispatch(ex Executor, h Handler) {
	mustExecutor(ex)
	op := begin(h, nil, ex)
	if u, ok := ex.(Urgent); ok {
		u.ExecuteNext(op)
	} else {
		ex.Execute(op)
	}
}

// Defer is like [Post], for work that continues the handler that is running. No
// other goroutine need be woken for it, because this one will soon be free. Call
// it from a handler on ex, or while nobody runs ex. Only a [Patient] executor
// makes use of this; others treat Defer as Post. A proactor with a single runner is
// one: it then saves what a post that may come from any goroutine costs (BenchmarkPost
// of package platform).
func Defer(ex Executor, h Handler) {
	mustExecutor(ex)
	op := begin(h, nil, ex)
	if p, ok := ex.(Patient); ok {
		p.ExecuteAfter(op)
	} else {
		ex.Execute(op)
	}
}

// An Urgent executor can put an operation ahead of those that wait. See [Dispatch].
type Urgent interface {
	Executor

	// ExecuteNext is like Execute, but ahead of the operations that wait already.
	ExecuteNext(op *Operation)
}

// A Patient executor can leave an operation to the goroutine that calls it. See
// [Defer].
type Patient interface {
	Executor

	// ExecuteAfter is like Execute, after the operations that wait already. It is
	// called by a goroutine that runs the executor, or while none does.
	ExecuteAfter(op *Operation)
}

// Located is implemented by a handler that runs on a certain executor, wherever
// its operation ends. See [WithExecutor].
type Located interface {
	// Executor returns that executor; nil counts as none. It is called when an
	// operation of the handler begins, and again when the operation ends, on
	// whatever goroutine runs the platform. It must return the same executor
	// while an operation is outstanding.
	Executor() Executor
}

// WithExecutor returns a handler that calls h on ex, wherever its operation
// ends. Most often ex is a [Strand]. The operation itself waits on ex, so the
// hop needs no further memory. Making the handler allocates: bind once for each
// chain.
func WithExecutor(h Handler, ex Executor) Handler {
	mustHandler(h)
	if ex == nil {
		panic("ops: WithExecutor: nil Executor")
	}
	return &located{h, ex}
}

type located struct {
	handler  Handler
	executor Executor
}

func (l *located) Complete(n int, err error) { l.handler.Complete(n, err) }
func (l *located) Unwrap() Handler           { return l.handler }
func (l *located) Executor() Executor        { return l.executor }
