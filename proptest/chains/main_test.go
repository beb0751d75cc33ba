package chains

import (
	"fmt"
	"hash/crc32"
	"os"
	"runtime/debug"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// TestMain looks in the end whether what all programs send is still what it was: a kernel
// with a deliberate fault writes to memory, but never to what a program writes.
//
// It lets the heap grow further than it otherwise would before it is collected. A program
// of these tests leaves a few kilobytes, so the heap is small, and would be collected more than
// ten thousand times.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	shrinkFor = time.Minute // a busy machine is no reason to fail
	before := crc32.ChecksumIEEE(pattern)
	status := m.Run()
	if crc32.ChecksumIEEE(pattern) != before {
		fmt.Fprintln(os.Stderr, "a test has written to the pattern that programs send")
		status = 1
	}
	os.Exit(status)
}

// skipUnderRace skips a test in which one goroutine does everything, so that the race detector
// has nothing to see and takes ten times as long for it.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if race.Enabled {
		t.Skip("one goroutine does everything")
	}
}
