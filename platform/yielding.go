package platform

import "runtime"

// yielding decides when the leader lets other goroutines run.
//
// It has to after a time in which it has not been in the scheduler, be it because
// handlers took long or because there was always something to do when it looked: the
// thread that it holds may be the one that waits for the network on behalf of all
// goroutines, or the one on which a timer of theirs is due. Until the scheduler is
// entered nobody is told, and the scheduler's own monitor comes along only after 10 ms.
//
// To yield before it parks is right where other goroutines have nowhere else to run: what
// they do may be what the leader waits for. Where a processor is idle they run there
// already, and to yield wakes a thread for nothing. The scheduler does not tell which is
// the case, so it is tried.
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

// due reports whether the leader is to let others run.
func (y *yielding) due(now int64) bool { return now-y.last > yieldAfter }

// alone reports whether GOMAXPROCS is 1. To ask takes a lock of the scheduler's that
// all processors share, so the answer may be 64 waits old.
func (y *yielding) alone() bool {
	if y.waits%64 == 0 {
		y.isAlone = runtime.GOMAXPROCS(0) == 1
	}
	y.waits++
	return y.isAlone
}
