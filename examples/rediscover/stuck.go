package rediscover

import (
	"regexp"
	"runtime"
	"strings"
	"time"
)

// watch ends the process when a bubble is stuck. It is no part of the bubble.
func watch(over <-chan struct{}) {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-over:
			return
		case <-look.C:
			if s := inBubbles(); stuck(s) {
				violated("all goroutines wait, some of them for a mutex, so time does not pass\n\n" + s)
			}
		}
	}
}

// state is what a stack trace says of a goroutine in a bubble.
var state = regexp.MustCompile(`^goroutine \d+ .*\[(.*), synctest bubble \d+\]:`)

// mutex is the state of a goroutine that waits for another of the bubble, for what the
// runtime cannot see to be in the bubble.
var mutex = regexp.MustCompile(`^sync\.(Mutex|RWMutex|WaitGroup)\.`)

// stuck reports whether none of the goroutines can go on. All that there is of them was
// written at one moment, so if each of them waits, and time does not pass because some of
// them wait for a mutex, nothing can wake any of them. A bubble without the latter is left to
// itself: there the time passes, or package synctest panics.
func stuck(goroutines string) bool {
	mutexes := 0
	for _, g := range strings.Split(goroutines, "\n\n") {
		m := state.FindStringSubmatch(g)
		switch {
		case m == nil:
			continue
		case strings.Contains(m[1], "(durable)"):
		case mutex.MatchString(m[1]):
			mutexes++
		default:
			return false
		}
	}
	return mutexes > 0
}

// inBubbles returns the stacks of the goroutines that are in a bubble.
func inBubbles() string {
	stacks := make([]byte, 1<<16)
	for {
		n := runtime.Stack(stacks, true)
		if n < len(stacks) {
			stacks = stacks[:n]
			break
		}
		stacks = make([]byte, 2*len(stacks))
	}
	var in []string
	for _, g := range strings.Split(string(stacks), "\n\n") {
		if state.MatchString(g) {
			in = append(in, g)
		}
	}
	return strings.Join(in, "\n\n")
}
