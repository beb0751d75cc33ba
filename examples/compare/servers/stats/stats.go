//go:build unix

// Package stats prints figures of a Go server's heap when compare asks for them by a signal.
package stats

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// Serve prints the figures on each SIGUSR2, as a line of JSON. On SIGUSR1 it first collects
// garbage and gives the memory back to the system.
func Serve() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		var m runtime.MemStats
		for s := range asked {
			if s == syscall.SIGUSR1 {
				debug.FreeOSMemory()
			}
			runtime.ReadMemStats(&m)
			// Not package json, whose first use allocates what would be counted next time.
			fmt.Printf(`{"mallocs":%d,"heap_bytes":%d,"gc_cycles":%d,"gc_pause_ns":%d,"stack_bytes":%d}`+"\n",
				m.Mallocs, m.HeapAlloc, m.NumGC, m.PauseTotalNs, m.StackInuse)
		}
	}()
}
