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
			if s := stacks(); stuck(s) {
				violated("all goroutines wait, some of them for a mutex, so time does not pass\n\n" + inBubbles(s))
			}
		}
	}
}

var (
	// header is the first line of what a stack trace says of a goroutine, with its state.
	header = regexp.MustCompile(`^goroutine \d+ .*\[([^,\]]*).*\]:`)

	// mutex is the state of a goroutine that waits for another, but for what the runtime
	// cannot see to be in a bubble.
	mutex = regexp.MustCompile(`^sync\.(Mutex|RWMutex|WaitGroup)\.[^ ]*$`)

	// elsewhere is the state of a goroutine outside that waits. In any other state it can be
	// one of the bubble: the runtime takes a goroutine out while it helps the collector.
	elsewhere = regexp.MustCompile(`^(chan receive|chan send|select|sleep|IO wait|syscall)$`)
)

// stuck reports whether no goroutine of the bubble can go on, except the first, which asks.
// All that there is of them was written at one moment, so if each of them waits, and time does
// not pass because some of them wait for a mutex, nothing can wake any of them. A bubble
// without the latter is left to itself: there the time passes, or package synctest panics.
func stuck(stacks string) bool {
	mutexes := 0
	goroutines := strings.Split(stacks, "\n\n")
	for _, g := range goroutines[1:] {
		m := header.FindStringSubmatch(g)
		switch {
		case m == nil:
			return false
		case !isInBubble(g):
			if !elsewhere.MatchString(m[1]) {
				return false
			}
		case strings.HasSuffix(m[1], "(durable)"):
		case mutex.MatchString(m[1]):
			mutexes++
		default:
			return false
		}
	}
	return mutexes > 0
}

// isInBubble reports whether a goroutine is in a bubble.
func isInBubble(g string) bool {
	first, _, _ := strings.Cut(g, "\n")
	return strings.Contains(first, ", synctest bubble ")
}

// inBubbles returns the goroutines that are in a bubble.
func inBubbles(stacks string) string {
	var in []string
	for _, g := range strings.Split(stacks, "\n\n") {
		if isInBubble(g) {
			in = append(in, g)
		}
	}
	return strings.Join(in, "\n\n")
}

// stacks returns the stacks of all goroutines, that of the caller first.
func stacks() string {
	all := make([]byte, 1<<16)
	for {
		n := runtime.Stack(all, true)
		if n < len(all) {
			return string(all[:n])
		}
		all = make([]byte, 2*len(all))
	}
}
