package combinators

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/trace"

	"github.com/heirloom-go/heirloom/allocator"
)

// Trace shows each call to its parent in an execution trace and in a log.
//
// Use it to see when a program allocates, and how long that takes. Below an
// allocator that keeps storage, it shows what that misses. While runtime/trace
// is on, each call is a region named for the allocator, such as "buffers:
// Allocate", and a failure is an event. With a Logger, each call is a record at
// Level. A failure is a record at Level plus 4, which is the step from Info to
// Warn. Handlers are shown by ops.WithTrace, and examples/tracechain draws both
// from a trace.
//
// While nothing traces, a call costs an atomic load, and asking the Logger, if
// there is one, whether it is enabled. It keeps no storage.
//
// It is exhausted when its parent is.
//
// It is safe for concurrent use if its parent is. Set Logger and Level before
// the first use.
type Trace[T any] struct {
	// Logger gets a record for each call. If it is nil, there are none.
	Logger *slog.Logger

	// Level is the level of these records.
	Level slog.Level

	passing[T]
	name string

	allocate, deallocate, resize string // the names of regions and records
}

// NewTrace returns a Trace over parent that shows it as name.
func NewTrace[T any](parent allocator.Allocator[T], name string) *Trace[T] {
	return &Trace[T]{
		passing: newPassing(parent, "NewTrace"), name: name,
		allocate: name + ": Allocate", deallocate: name + ": Deallocate", resize: name + ": Resize",
	}
}

// Allocate asks the parent for n values.
func (a *Trace[T]) Allocate(n int) ([]T, error) {
	s, err := a.inRegion(n)
	if a.Logger != nil {
		a.log(a.allocate, n, err)
	}
	return s, err
}

// inRegion asks the parent, in a region if an execution trace is taken.
func (a *Trace[T]) inRegion(n int) ([]T, error) {
	if !trace.IsEnabled() {
		return a.parent.Allocate(n)
	}
	defer trace.StartRegion(context.Background(), a.allocate).End() // also if the parent panics
	s, err := a.parent.Allocate(n)
	if err != nil {
		trace.Logf(context.Background(), a.name, "%d values: %v", n, err)
	}
	return s, err
}

// Deallocate gives s back to the parent.
func (a *Trace[T]) Deallocate(s []T) {
	n := cap(s)
	if trace.IsEnabled() {
		defer trace.StartRegion(context.Background(), a.deallocate).End()
	}
	a.parent.Deallocate(s)
	if a.Logger != nil {
		a.log(a.deallocate, n, nil)
	}
}

// Resize resizes s in place if the parent can. Only a successful one is shown.
func (a *Trace[T]) Resize(s []T, n int) ([]T, bool) {
	r, ok := a.can.resize(s, n)
	if !ok {
		return nil, false
	}
	if trace.IsEnabled() {
		trace.Logf(context.Background(), a.name, "Resize: %d to %d values", cap(s), n)
	}
	if a.Logger != nil {
		a.log(a.resize, n, nil)
	}
	return r, true
}

// String returns the expression that builds the allocator.
func (a *Trace[T]) String() string {
	return fmt.Sprintf("Trace(%s, %q)", allocator.Describe(a.parent), a.name)
}

// log writes a record of a call for n values.
func (a *Trace[T]) log(what string, n int, err error) {
	ctx, level := context.Background(), a.Level
	if err != nil {
		level += slog.LevelWarn - slog.LevelInfo
	}
	if !a.Logger.Enabled(ctx, level) {
		return
	}
	if err != nil {
		a.Logger.LogAttrs(ctx, level, what, slog.Int("values", n), slog.Any("error", err))
		return
	}
	a.Logger.LogAttrs(ctx, level, what, slog.Int("values", n))
}
