package rediscover

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestStuck has a bubble be stuck until that is seen from outside.
func TestStuck(t *testing.T) {
	var m sync.Mutex
	m.Lock()
	go func() {
		for !stuck(stacks()) {
			runtime.Gosched()
		}
		m.Unlock()
	}()
	synctest.Test(t, func(*testing.T) {
		go time.Sleep(time.Hour)
		m.Lock()
		time.Sleep(2 * time.Hour)
	})
}

// TestStates has goroutines in the states that a stack trace shows.
func TestStates(t *testing.T) {
	const waits = "sync.Mutex.Lock, synctest bubble 1"
	for _, c := range []struct {
		states []string
		stuck  bool
	}{
		{[]string{}, false},
		{[]string{waits}, true},
		{[]string{waits, "sleep (durable), synctest bubble 1"}, true},
		{[]string{waits, "sync.RWMutex.RLock, 2 minutes, synctest bubble 1", "chan receive (durable), 2 minutes, synctest bubble 1"}, true},
		{[]string{waits, "chan receive, 2 minutes", "IO wait, locked to thread"}, true},
		{[]string{"sleep (durable), synctest bubble 1"}, false},
		{[]string{waits, "running, synctest bubble 1"}, false},
		{[]string{waits, "runnable, locked to thread, synctest bubble 1"}, false},
		{[]string{waits, "GC assist wait"}, false},
		{[]string{waits, "runnable"}, false},
		{[]string{"sync.Mutex.Lock"}, false},
	} {
		all := "goroutine 1 [running]:\nf()"
		for _, s := range c.states {
			all += "\n\ngoroutine 7 [" + s + "]:\ng()"
		}
		if got := stuck(all); got != c.stuck {
			t.Errorf("stuck is %v of %s", got, strings.Join(c.states, "; "))
		}
	}
}
