package sim

import (
	"os"
	"slices"
)

// A notified is a receiver of signals.
type notified struct {
	signals []os.Signal
	raise   func(os.Signal)
}

// Notify implements backend.Signaler. A world's signals are those of [World.Raise].
func (b *kernel) Notify(signals []os.Signal, raise func(os.Signal)) (stop func()) {
	w := b.w
	n := &notified{signals, raise}
	w.mu.Lock()
	w.touch(Everything, 0)
	w.notified = append(w.notified, n)
	w.mu.Unlock()
	return func() {
		w.mu.Lock()
		w.notified = slices.DeleteFunc(w.notified, func(other *notified) bool { return other == n })
		w.mu.Unlock()
	}
}

// Raise raises a signal: every platform.Signals of the world's proactors that
// includes it receives it. If there is none, nothing happens.
func (w *World) Raise(sig os.Signal) {
	w.mu.Lock()
	w.touch(Everything, 0) // whoever waits for it is told
	all := slices.Clone(w.notified)
	w.mu.Unlock()
	for _, n := range all {
		if slices.Contains(n.signals, sig) {
			n.raise(sig)
		}
	}
}
