// Package clock is the clock of the backends that use the system's. There is one for the
// whole process, because an operation may go on from one proactor to another with the time
// at which it is due.
package clock

import "time"

var start = time.Now()

// Now returns the nanoseconds since the process has started, at about.
func Now() int64 { return int64(time.Since(start)) }
