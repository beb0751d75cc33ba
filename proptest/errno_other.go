//go:build !windows

package proptest

// commonErrno returns an error of a socket under the name that it has on every system.
func commonErrno(err error) error { return err }
