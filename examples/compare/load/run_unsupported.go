//go:build !linux

package load

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// Run returns errors.ErrUnsupported: the load generator needs epoll.
func Run(context.Context, Config, func() error, func(Result) error) error {
	return fmt.Errorf("load: this needs Linux, and this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
