package sim

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/heirloom-go/heirloom/platform/internal/bubble"
)

// A world that is made in a bubble of package testing/synctest has the bubble's time.
// Whoever waits there for virtual time to pass sleeps, and does not hold the world's lock
// meanwhile: the bubble's clock goes on when all of its goroutines are durably blocked, and
// one that waits for a mutex is not.

var errBubble = errors.New("sim: the world was made outside the testing/synctest bubble in which it is used, or the other way round")

// eternity is how long a proactor sleeps in a bubble before it concludes that nothing will
// happen there. The bubble's clock jumps to the earliest time that any of its goroutines
// waits for, so when that is an eternity away all of them wait without end. (The clock
// itself ends in 2262.)
const eternity = 100 * 365 * 24 * time.Hour

// bubbleTime returns the bubble's time, or outside the bubble the last that was seen there.
func (w *World) bubbleTime() int64 {
	now, inside := bubble.Now()
	if !inside {
		return w.now.Load()
	}
	ns := int64(now.Sub(epoch))
	w.now.Store(ns)
	return ns
}

// sleepInBubble lets the bubble's time pass until the given one. The caller holds the lock,
// which is not held meanwhile.
func (w *World) sleepInBubble(until int64) {
	w.mu.Unlock()
	time.Sleep(time.Duration(until - w.clock()))
	w.mu.Lock()
}

// deadlockedInBubble describes the state that the world and the bubble are stuck in.
func (w *World) deadlockedInBubble() *Deadlock {
	d := w.deadlocked()
	d.Time = time.Duration(w.waitedAt) // not after the eternity that followed
	d.Goroutines = goroutines()
	return d
}

// goroutines returns where the goroutines of the caller's bubble are.
func goroutines() string {
	all := strings.Split(stacks(), "\n\n")
	ours := bubbleOf(all[0])
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return bubbleOf(s) != ours }), "\n\n")
}

// bubbleOf returns the number of a goroutine's bubble, given the stack, of which the first
// line is such as "goroutine 7 [chan receive (durable), synctest bubble 1]:".
func bubbleOf(stack string) string {
	header, _, _ := strings.Cut(stack, "\n")
	_, number, _ := strings.Cut(header, "synctest bubble ")
	if end := strings.IndexAny(number, " ]"); end >= 0 {
		number = number[:end]
	}
	return number
}

// stacks returns where all goroutines are, the caller first.
func stacks() string {
	for n := 64 << 10; ; n *= 2 {
		buf := make([]byte, n)
		if m := runtime.Stack(buf, true); m < n {
			return string(buf[:m])
		}
	}
}
