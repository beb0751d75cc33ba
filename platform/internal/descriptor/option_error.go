package descriptor

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// optionError returns what is said of a socket option that could not be set.
func optionError(err error) error {
	if err == nil {
		return nil
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok && errno == noSuchOption {
		return fmt.Errorf("%w: %w", errors.ErrUnsupported, os.NewSyscallError("setsockopt", err))
	}
	return os.NewSyscallError("setsockopt", err)
}
