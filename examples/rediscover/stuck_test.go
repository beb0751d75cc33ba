package rediscover

import (
	"runtime"
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
		for !stuck(inBubbles()) {
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

// TestNotStuck has bubbles that go on.
func TestNotStuck(t *testing.T) {
	for name, goroutines := range map[string]string{
		"nothing":   "",
		"runs":      "goroutine 7 [running, synctest bubble 1]:\nf()\n\ngoroutine 8 [sync.Mutex.Lock, synctest bubble 1]:\ng()",
		"can run":   "goroutine 7 [runnable, synctest bubble 1]:\nf()\n\ngoroutine 8 [sync.Mutex.Lock, synctest bubble 1]:\ng()",
		"time":      "goroutine 7 [sleep (durable), synctest bubble 1]:\nf()",
		"elsewhere": "goroutine 7 [sync.Mutex.Lock]:\nf()",
	} {
		if stuck(goroutines) {
			t.Errorf("stuck: %s", name)
		}
	}
	two := "goroutine 7 [chan receive (durable), 2 minutes, synctest bubble 1]:\nf()\n\ngoroutine 8 [sync.RWMutex.RLock, 2 minutes, synctest bubble 1]:\ng()"
	if !stuck(two) {
		t.Error("not stuck: a channel and a mutex")
	}
}
