package load

import "context"

// Run runs a load until its duration is over, and returns what it measured. It fails if the
// server closes a connection, or answers anything but what was expected.
func Run(ctx context.Context, c Config) (Result, error) {
	return Result{}, c.check()
}
