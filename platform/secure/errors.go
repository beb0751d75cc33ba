package secure

import (
	"errors"
	"fmt"

	"github.com/heirloom-go/heirloom/allocator"
)

// ErrNoHandshake is the error of a read or write that is started before the handshake is
// over, and of a second handshake.
var ErrNoHandshake = errors.New("secure: the handshake is not over")

// ErrShutdown is the error of a write that is started after [Conn.CloseWrite] or
// [Conn.Shutdown].
var ErrShutdown = errors.New("secure: a write after the end of the stream was announced")

// ErrUnanswered is the error of a read when the peer requests more and more answers, such as
// key updates, and does not read them.
var ErrUnanswered = errors.New("secure: the peer wants more and more answers and does not take them")

// errNotYet tells crypto/tls that there is nothing to read yet.
var errNotYet error = &temporary{errors.New("secure: nothing to read yet")}

// A temporary is an error that crypto/tls returns and does not keep, because it is a net.Error
// whose method Temporary returns true.
type temporary struct{ error }

func (*temporary) Timeout() bool   { return true }
func (*temporary) Temporary() bool { return true }
func (e *temporary) Unwrap() error { return e.error }

// exhausted returns the error that a handler is called with when its allocator failed with
// err.
func exhausted(err error) error {
	if errors.Is(err, allocator.ErrExhausted) {
		return err
	}
	return fmt.Errorf("%w: %w", allocator.ErrExhausted, err)
}
