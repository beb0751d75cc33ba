package ops

import "time"

// Timed is implemented by a handler whose operations have a time limit. A timeout of 0 counts as none, and a negative one ends the operation
// at once unless it has its result at once.
type Timed interface {
	Timeout() time.Duration
}

// WithTimeout returns a handler that calls h and whose operations, each of
// them, end with os.ErrDeadlineExceeded when they take longer than d. A
// composed operation of this package, such as ReadFull, has d for all its parts; of
// one made with [Compose], each operation has d. It costs no allocation and no
// second handler: the operation itself waits for the time. Making the handler
// allocates it: bind once a chain.
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
