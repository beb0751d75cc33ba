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
	ex.Execute(Begin(h, defaultOf(ex)))
}
