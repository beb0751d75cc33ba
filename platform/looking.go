package platform

import (
	"os"
	"runtime"
	"strings"
	"sync"
)

// looking decides whether the leader, when it has nothing to do, looks again and again
// for a while before it parks.
//
// Looking is worth it only where something comes within about the time that parking and
// waking cost. Whether it does cannot be seen from the times between messages while the
// leader parks: the peers wait longer for a leader that sleeps. So looking is tried, for
// a few waits in a row. If it pays in more than half of them it goes on, and is judged
// again and again; otherwise the leader parks at once for some waits before the next
// trial, each time for twice as many as the last, until a long trial has paid.
//
// It counts waits, not time, so what it costs is a share of what waiting costs, and a
// leader that waits for nothing tries nothing.
type looking struct {
	span int64 // for how many nanoseconds to look; 0 is never
	rule rule

	trial  int // of how many waits the trial is
	looked int // of those, how many there were
	missed int // of those, how many have found nothing
	rest   int // for how many waits the leader is to park at once
	rests  int // for how many after the next trial that fails
}

// A rule says when the leader looks.
type rule uint8

const (
	adaptively rule = iota
	always
	never
)

// lookSpan is how long a look lasts, in nanoseconds, unless [Spin] says otherwise. That
// is what parking and waking cost: some 16 to 31 µs of processor time where it was
// measured.
const lookSpan = 20_000

const (
	shortTrial = 4  // while the leader parks
	longTrial  = 16 // while it looks
	minRest    = 8
	maxRest    = 512
)

// newLooking returns the policy for a span that was asked for, or for none.
func newLooking(asked *int64, processors int) looking {
	l := looking{span: lookSpan, trial: shortTrial, rests: minRest}
	switch {
	case asked != nil && *asked > 0:
		l.span, l.rule = *asked, always
	case asked != nil || processors < 2:
		l.span, l.rule = 0, never
	}
	return l
}

// wanted returns for how many nanoseconds the leader is to look before this wait.
func (l *looking) wanted() int64 {
	if l.rest > 0 {
		l.rest--
		return 0
	}
	return l.span
}

// judge is called after a look, with whether there was something to do at its end.
func (l *looking) judge(paid bool) {
	if l.rule != adaptively {
		return
	}
	l.looked++
	if !paid {
		l.missed++
	}
	switch {
	case 2*l.missed >= l.trial:
		l.rest, l.rests = l.rests, min(2*l.rests, maxRest)
		l.begin(shortTrial)
	case l.looked < l.trial:
	case l.trial == shortTrial:
		l.begin(longTrial)
	default:
		l.rests = minRest
		l.begin(longTrial)
	}
}

func (l *looking) begin(trial int) { l.trial, l.looked, l.missed = trial, 0, 0 }

// processors returns how many processors the system has. That the process may use only
// one of them does not matter: what it waits for may come from another.
var processors = sync.OnceValue(func() int {
	online, err := os.ReadFile("/sys/devices/system/cpu/online") // such as 0-3,5
	if err == nil && strings.ContainsAny(string(online), "-,") {
		return max(2, runtime.NumCPU())
	}
	return runtime.NumCPU()
})
