package platform

import "runtime"

// yielding decides when the leader lets other goroutines run.
//
// It has to yield when it has not entered the scheduler for some time, whether because
// handlers took long or because each poll found something to do. The thread that it holds
// may be the one that waits for the network on behalf of all goroutines, or the one on
// which one of their timers is due. Nobody learns of that until the scheduler is entered,
// and the scheduler's own monitor intervenes only after 10 ms.
//
// Yielding before a park is right if other goroutines have nowhere else to run: what they
// do may be what the leader waits for. If a processor is idle, they run there already, and
// yielding wakes a thread for nothing. The scheduler does not say which is the case, so
// yielding is tried.
type yielding struct {
	last    int64 // when the leader was last in the scheduler, on the backend's clock
	trial   trial // to yield before parking
	gosched func()

	waits   uint // calls of alone
	isAlone bool
}

// yieldAfter is after how many nanoseconds outside the scheduler the leader lets others
// run.
const yieldAfter = 100_000

func newYielding() yielding { return yielding{trial: newTrial(), gosched: runtime.Gosched} }

// due reports whether the leader must let others run.
func (y *yielding) due(now int64) bool { return now-y.last > yieldAfter }

// alone reports whether GOMAXPROCS is 1. Asking takes a lock of the scheduler that all
// processors share, so the answer may be 64 waits old.
func (y *yielding) alone() bool {
	if y.waits%64 == 0 {
		y.isAlone = runtime.GOMAXPROCS(0) == 1
	}
	y.waits++
	return y.isAlone
}
