//go:build unix

package program

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// serveStats prints figures of the heap when compare asks for them by a signal, as a line of
// JSON. On SIGHUP it first collects garbage, and on SIGUSR1 it gives the memory back to the
// system besides. On SIGUSR2 it does neither.
func serveStats() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		var m runtime.MemStats
		for s := range asked {
			switch s {
			case syscall.SIGHUP:
				runtime.GC()
			case syscall.SIGUSR1:
				debug.FreeOSMemory()
			}
			runtime.ReadMemStats(&m)
			// Not package json, whose first use allocates what would be counted next time.
			fmt.Printf(`{"mallocs":%d,"heap_bytes":%d,"gc_cycles":%d,"gc_pause_ns":%d,"stack_bytes":%d}`+"\n",
				m.Mallocs, m.HeapAlloc, m.NumGC, m.PauseTotalNs, m.StackInuse)
		}
	}()
}
