package platform

import (
	"os"
	"os/signal"
)

// notifySystem makes raise be called with each of the signals that the process gets, until
// stop is called. Package signal drops what a channel has no room for. So each signal has
// a channel and a goroutine of its own, and cannot be lost because of another.
func notifySystem(signals []os.Signal, raise func(os.Signal)) (stop func()) {
	var all []chan os.Signal
	for _, sig := range signals {
		c := make(chan os.Signal, 1)
		all = append(all, c)
		signal.Notify(c, sig)
		go func() {
			for sig := range c {
				raise(sig)
			}
		}()
	}
	return func() {
		for _, c := range all {
			signal.Stop(c) // nothing is sent to it any more
			close(c)
		}
	}
}
