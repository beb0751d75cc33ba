//go:build unix

package platform_test

import "syscall"

func init() {
	tourSteps = append(tourSteps, tourStep{"signal", func(u *tour) {
		keepAlive(u.w.t) // a signal may come when nobody waits any more
		s, err := u.w.NewSignals(syscall.SIGUSR1)
		if err != nil {
			u.w.t.Error(err)
			return
		}
		u.closers = append(u.closers, func() { s.Close() })
		s.Wait(u.op("signal"))
		kill(u.w.t, syscall.SIGUSR1)
	}})
}
