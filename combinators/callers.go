package combinators

import (
	"fmt"
	"runtime"
	"strings"
)

// callers is a call stack, from the innermost call outwards, as far as it goes
// or there is room. It is filled without an allocation.
type callers [24]uintptr

// record takes the present stack. It leaves out skip calls, of which 0 is the
// one to record.
func (c *callers) record(skip int) {
	n := runtime.Callers(skip+2, c[:])
	clear(c[n:])
}

// String returns a line for each call and one for its place, as in a panic.
// The runtime's own at the outer end are left out.
func (c *callers) String() string {
	var b strings.Builder
	frames := runtime.CallersFrames(c.known())
	for more := c[0] != 0; more; {
		var f runtime.Frame
		f, more = frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") {
			fmt.Fprintf(&b, "\n\t%s\n\t\t%s:%d", f.Function, f.File, f.Line)
		}
	}
	return b.String()
}

func (c *callers) known() []uintptr {
	for i, pc := range c {
		if pc == 0 {
			return c[:i]
		}
	}
	return c[:]
}
