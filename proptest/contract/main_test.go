package contract_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the heap grow further than it otherwise would before it is collected. A program
// of these tests leaves a few kilobytes, so the heap is small, and would be collected more than
// ten thousand times.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
}
