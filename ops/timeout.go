package ops

import "time"

// Timed is implemented by a handler whose operations have a time limit.
type Timed interface {
	// Timeout returns the limit. 0 counts as none. With a negative limit an
	// operation ends at once: with its result if that is there, or else with
	// os.ErrDeadlineExceeded.
	Timeout() time.Duration
}

// WithTimeout returns a handler that calls h, and whose operations end with
// os.ErrDeadlineExceeded when they take longer than d. The limit is for each
// operation. A composed operation of this package, such as ReadFull, has d for all
// its parts together; one made with [Compose] has d for each of its operations. A
// timeout needs no memory and no second handler, because the operation itself is in
// the queue of timers. Making the handler allocates: bind once for each chain.
func WithTimeout(h Handler, d time.Duration) Handler {
	mustHandler(h)
	return &timed{h, d}
}

type timed struct {
	handler Handler
	timeout time.Duration
}

func (t *timed) Complete(n int, err error) { t.handler.Complete(n, err) }
func (t *timed) Unwrap() Handler           { return t.handler }
func (t *timed) Timeout() time.Duration    { return t.timeout }
