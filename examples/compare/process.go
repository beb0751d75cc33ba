package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A placement says on which processors a process runs, and how it is scheduled.
type placement struct {
	cpus  []int
	batch bool // SCHED_BATCH: it is not interrupted by one that has just woken
}

// listenAt is an address of loopback that nobody else uses, so that their connections do not use
// up its ports.
const listenAt = "127.1.255.1:0"

const (
	startsWithin = 10 * time.Second // until a server says that it listens
	answersIn    = 10 * time.Second // until a server has printed its figures
	endsWithin   = 2 * time.Second  // after SIGTERM, before it is killed
)

// A process is a server that runs.
type process struct {
	address string
	cmd     *exec.Cmd
	lines   chan string // of its standard output, closed at its end
	stderr  *tail
	cancel  context.CancelFunc
}

// start starts a server and waits until it listens. It ends when ctx is done, or by stop.
func start(ctx context.Context, p built, where placement, args ...string) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &process{lines: make(chan string, 16), stderr: new(tail), cancel: cancel}
	args = append(append([]string{"-listen", listenAt}, p.args...), args...)
	s.cmd = command(ctx, p.path, args...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = where.start(s.cmd)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	go s.read(stdout)
	if s.address, err = s.listening(); err != nil {
		s.stop()
		if text := s.stderr.String(); text != "" {
			err = errors.New(text)
		}
		return nil, fmt.Errorf("%s does not start: %w", p.name, err)
	}
	return s, nil
}

// listening waits until the server says where it listens.
func (s *process) listening() (address string, err error) {
	for err == nil {
		var line string
		line, err = s.line(startsWithin)
		if address, ok := strings.CutPrefix(line, "listening "); ok {
			return address, nil
		}
	}
	return "", err
}

// command is exec.CommandContext for a program that ends by SIGTERM.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Cancel = func() error { return terminate(c.Process) }
	c.WaitDelay = endsWithin
	return c
}

func (s *process) read(stdout io.Reader) {
	defer close(s.lines)
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		s.lines <- scanner.Text()
	}
}

// line returns the next line that the server prints.
func (s *process) line(within time.Duration) (string, error) {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case line, ok := <-s.lines:
		if !ok {
			return "", errors.New("it has ended")
		}
		return line, nil
	case <-timeout.C:
		return "", fmt.Errorf("it has printed nothing for %v", within)
	}
}

// pid returns the number of the process.
func (s *process) pid() int { return s.cmd.Process.Pid }

// stop ends the server and waits for its end.
func (s *process) stop() {
	s.cancel()
	for range s.lines { // until the end of its output, which Wait must not cut off
	}
	s.cmd.Wait() // it was told to end, so its status says nothing
}

// memStats are figures of a Go server's heap; see servers/stats.
type memStats struct {
	Mallocs    uint64 `json:"mallocs"`
	HeapBytes  uint64 `json:"heap_bytes"`
	GCCycles   uint32 `json:"gc_cycles"`
	GCPauseNs  uint64 `json:"gc_pause_ns"`
	StackBytes uint64 `json:"stack_bytes"`
}

// since returns what has happened since an earlier time.
func (m memStats) since(earlier memStats) memStats {
	m.Mallocs -= earlier.Mallocs
	m.GCCycles -= earlier.GCCycles
	m.GCPauseNs -= earlier.GCPauseNs
	return m
}

// memStats asks a Go server for its figures. If collect is set, it first collects its garbage
// and gives the memory back to the system.
func (s *process) memStats(collect bool) (m memStats, err error) {
	if err := askForStats(s.cmd.Process, collect); err != nil {
		return m, err
	}
	line, err := s.line(answersIn)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(line), &m)
}

// residentBytes returns how much of the memory of the process is resident.
func (s *process) residentBytes() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.pid()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("its status has no VmRSS")
}

// A tail is the end of what a process has written. Only one goroutine writes, and it is read
// after that has ended.
type tail struct{ text []byte }

const tailBytes = 400

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-tailBytes):]
	return len(p), nil
}

// String returns it as one line.
func (t *tail) String() string { return strings.Join(strings.Fields(string(t.text)), " ") }
