package ops

// An Executor runs the ends of operations: handlers run where it says.
//
// It may also be [Associated], with the default allocator for handlers that
// bring none.
type Executor interface {
	// Execute arranges for op.Complete to be called once, later and not from
	// inside Execute, or for op.Abandon if the executor is closed before. It
	// may be called from any goroutine.
	Execute(op *Operation)
}

// Post calls h later, from a goroutine that runs ex, with 0 and nil. It is the
// way to run a function on a proactor, and may be called from any goroutine.
func Post(ex Executor, h Handler) {
	mustExecutor(ex)
	ex.Execute(begin(h, nil, ex))
}

func mustExecutor(ex Executor) {
	if ex == nil {
		panic("ops: nil Executor")
	}
}

// Dispatch is like [Post], and asks for h to be called before what waits
// already. It never calls h itself, as the function of that name does in Asio:
// a handler never runs inside the function that started it. An executor that
// is not an [Urgent] one treats it as Post does; of those in this module, a
// [Strand] is one.
func Dispatch(ex Executor, h Handler) {
	mustExecutor(ex)
	op := begin(h, nil, ex)
	if u, ok := ex.(Urgent); ok {
		u.ExecuteNext(op)
	} else {
		ex.Execute(op)
	}
}

// Defer is like [Post], for what continues the handler that is running: there
// is no hurry to have another goroutine run it, because this one will be free
// for it at once. It is called by handlers on ex, or while nobody runs ex. An
// executor that is not a [Patient] one treats it as Post does; of those in this
// module, a proactor with a single runner is one, and saves what it costs to let
// any goroutine post.
func Defer(ex Executor, h Handler) {
	mustExecutor(ex)
	op := begin(h, nil, ex)
	if p, ok := ex.(Patient); ok {
		p.ExecuteAfter(op)
	} else {
		ex.Execute(op)
	}
}

// An Urgent executor can put an operation before those that wait.
type Urgent interface {
	Executor
	ExecuteNext(op *Operation)
}

// A Patient executor can leave an operation to the goroutine that calls it.
type Patient interface {
	Executor
	ExecuteAfter(op *Operation)
}

// Located is implemented by a handler that is to run on a certain executor,
// wherever its operation ends. A nil executor counts as none.
//
// The handler, through the layers around it, is asked when its operation begins and
// again when it ends, then by any goroutine that runs the platform. The answer must
// be the same while an operation is outstanding.
type Located interface {
	Executor() Executor
}

// WithExecutor returns a handler that calls h, on ex wherever its operation
// ends: most often on a [Strand]. The operation itself is what waits there, so
// this takes no further memory. Making the handler allocates it: bind once a
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
