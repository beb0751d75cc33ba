//go:build !windows

package descriptor

// Name returns err: every system but Windows has its errors by one name.
func Name(err error) error { return err }
