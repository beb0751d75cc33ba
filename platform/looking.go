package platform

import (
	"os"
	"runtime"
	"strings"
	"sync"
)

// looking decides whether the leader, when it has nothing to do, looks for completions
// for a while before it parks: whether it polls again and again.
//
// That is worth it only if something comes within about the time that parking and waking
// cost. Whether it does cannot be seen from the times between messages while the leader
// parks, because the peers wait longer for a leader that sleeps. So looking is tried.
//
// The trial counts waits, not time. So its cost is a fraction of what waiting costs, and
// a leader that waits for nothing tries nothing.
type looking struct {
	span     int64 // for how many nanoseconds to look, or 0
	adaptive bool  // only while the trial says so
	trial    trial
}

// lookSpan is how long a look lasts, in nanoseconds, unless [Spin] says otherwise. That
// is what parking and waking cost: some 16 to 31 µs of processor time where it was
// measured.
const lookSpan = 20_000

// maxStill is how many polls a look makes at the same instant of the backend's clock.
const maxStill = 1000

func looksWhileItPays() looking      { return looking{lookSpan, true, newTrial()} }
func looksAlways(span int64) looking { return looking{span: span} }
func looksNever() looking            { return looking{} }

// newLooking returns the policy for the span that [Spin] asks for, or for none if that is
// nil, on a system with a number of processors.
func newLooking(asked *int64, processors int) looking {
	switch {
	case asked != nil:
		return looksAlways(*asked)
	case processors < 2:
		return looksNever() // nobody could answer meanwhile
	}
	return looksWhileItPays()
}

// wanted returns for how many nanoseconds the leader should look before this wait.
func (l *looking) wanted() int64 {
	if l.adaptive && !l.trial.wanted() {
		return 0
	}
	return l.span
}

// judge is called after a look, with whether there was something to do at its end.
func (l *looking) judge(paid bool) {
	if l.adaptive {
		l.trial.judge(paid)
	}
}

// processors returns how many processors the system has. That the process may use only
// one of them does not matter: what it waits for may come from another.
var processors = sync.OnceValue(func() int {
	online, err := os.ReadFile("/sys/devices/system/cpu/online") // such as 0-3,5
	if err == nil && strings.ContainsAny(string(online), "-,") {
		return max(2, runtime.NumCPU())
	}
	return runtime.NumCPU()
})
