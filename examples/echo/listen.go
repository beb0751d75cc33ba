package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
)

// serve echoes to real clients until ctx is done.
func serve(ctx context.Context, f flags, stdout io.Writer) error {
	s, err := newServer(f.listen, f.backend, recycled, f.check, f.buffer, f.waiting...)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "listening on %s (%s)\n", s.listener.Addr(), s.proactor.Backend())

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err = s.run(ctx)
	runtime.ReadMemStats(&after)
	s.close()
	if err != nil {
		return err
	}

	allocs := after.Mallocs - before.Mallocs
	fmt.Fprintf(stdout, "connections  %d\nmessages     %d\nbytes        %d\nallocations  %d in all", s.connections, s.messages, s.bytes, allocs)
	if s.messages > 0 {
		fmt.Fprintf(stdout, ", %.2f a message", float64(allocs)/float64(s.messages))
	}
	fmt.Fprintln(stdout)
	if !f.check {
		fmt.Fprintln(stdout, "violations   not checked (see -check)")
		return nil
	}
	n := s.violations()
	fmt.Fprintf(stdout, "violations   %d\n", n)
	return violated(n)
}
