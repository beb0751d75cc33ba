package load

import (
	"bufio"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

// The processor time of a process is also that of its children, and of theirs.
func TestWithChildren(t *testing.T) {
	const family = 3
	c := exec.Command("sh", "-c", "sh -c 'sh -c \"while :; do :; done\" & echo; wait' & wait")
	started, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Skip(err)
	}
	defer func() {
		syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		c.Wait()
	}()
	if _, err := bufio.NewReader(started).ReadByte(); err != nil {
		t.Fatal(err)
	}
	pids := withChildren(c.Process.Pid)
	if len(pids) != family || pids[0] != c.Process.Pid {
		t.Fatalf("processes %v, want %d and two others", pids, c.Process.Pid)
	}
	if slices.Contains(pids, os.Getpid()) {
		t.Errorf("processes %v, and %d is no child", pids, os.Getpid())
	}
	alone, err := processorTime(pids[:1])
	if err != nil {
		t.Fatal(err)
	}
	if all, err := processorTime(pids); err != nil || all <= alone {
		t.Errorf("all have taken %v, the first %v; error %v", all, alone, err)
	}
}
