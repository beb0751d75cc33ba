package load

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime returns the processor time that processes have taken. One that has ended is an
// error: it takes its time with it.
func processorTime(pids []int) (sum time.Duration, err error) {
	for _, pid := range pids {
		var t unix.Timespec
		if err := unix.ClockGettime(processClock(pid), &t); err != nil {
			return 0, fmt.Errorf("load: the processor time of the server: %w", err)
		}
		sum += time.Duration(t.Nano())
	}
	return sum, nil
}

// processClock returns the clock of a process's processor time, as clock_getcpuclockid does.
func processClock(pid int) int32 { return int32(^pid)<<3 | 2 }

// withChildren returns a process, its children, and theirs. Not every kernel lists the children of
// a process (CONFIG_PROC_CHILDREN), so it asks all processes for their parents.
func withChildren(pid int) []int {
	children := make(map[int][]int)
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		// The fields are the number, the name, the state and the parent. A name is in parentheses,
		// and may have blanks and parentheses itself.
		text, _ := os.ReadFile(file) // empty if the process has ended
		var child, parent int
		var state string
		fmt.Sscan(string(text), &child)
		if _, err := fmt.Sscan(string(text[bytes.LastIndexByte(text, ')')+1:]), &state, &parent); err == nil {
			children[parent] = append(children[parent], child)
		}
	}
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
