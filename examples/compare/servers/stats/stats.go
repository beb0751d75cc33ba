//go:build unix

// Package stats prints figures of a Go server's heap when compare asks for them by a signal.
package stats

import (
	"encoding/json"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// figures are what is printed, as a line of JSON.
type figures struct {
	Mallocs    uint64 `json:"mallocs"`
	HeapBytes  uint64 `json:"heap_bytes"`
	GCCycles   uint32 `json:"gc_cycles"`
	GCPauseNs  uint64 `json:"gc_pause_ns"`
	StackBytes uint64 `json:"stack_bytes"`
}

// Serve prints the figures on each SIGUSR2. On SIGUSR1 it first collects garbage and gives the
// memory back to the system.
func Serve() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		for s := range asked {
			if s == syscall.SIGUSR1 {
				debug.FreeOSMemory()
			}
			print()
		}
	}()
}

func print() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	json.NewEncoder(os.Stdout).Encode(figures{m.Mallocs, m.HeapAlloc, m.NumGC, m.PauseTotalNs, m.StackInuse})
}
