package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
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
	startsWithin = 10 * time.Second // until a server listens
	looksEvery   = 5 * time.Millisecond
	answersIn    = 10 * time.Second // until a server has printed its figures
	endsWithin   = 2 * time.Second  // after SIGTERM, before it is killed
)

var errEnded = errors.New("it has ended")

// A process is a server that runs.
type process struct {
	address string
	cmd     *exec.Cmd
	lines   chan string // of its standard output, closed at its end
	stderr  *excerpt
	cancel  context.CancelFunc
}

// start starts a server and waits until it listens. It ends when ctx is done, or by stop.
func start(ctx context.Context, p built, where placement, args ...string) (*process, error) {
	p.args = slices.Concat([]string{"-listen", listenAt}, p.args, args)
	return launch(ctx, p, where, (*process).listening)
}

// launch starts a server with no arguments but its own, and waits until it listens, at the address
// that ready returns.
func launch(ctx context.Context, p built, where placement, ready func(*process) (address string, err error)) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &process{lines: make(chan string, 16), stderr: new(excerpt), cancel: cancel}
	s.cmd = command(ctx, p.path, p.args...)
	s.cmd.Env = append(os.Environ(), p.env...)
	s.cmd.Stderr = s.stderr
	if p.stdin != "" {
		s.cmd.Stdin = strings.NewReader(p.stdin)
	}
	stdout, err := s.cmd.StdoutPipe()
	if err == nil {
		err = where.start(s.cmd)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	go s.read(stdout)
	if s.address, err = ready(s); err != nil {
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

// listeningAt waits until the server listens at an address that it was given, for one that does not
// say when.
func (s *process) listeningAt(address string) (string, error) {
	timeout := time.After(startsWithin)
	look := time.NewTicker(looksEvery)
	defer look.Stop()
	for !listens(address) {
		select {
		case _, ok := <-s.lines:
			if !ok {
				return "", errEnded
			}
		case <-timeout:
			return "", fmt.Errorf("it does not listen at %s within %v", address, startsWithin)
		case <-look.C:
		}
	}
	select {
	case _, ok := <-s.lines:
		if !ok {
			return "", errEnded // somebody else listens
		}
	default:
	}
	return address, nil
}

// listens reports whether somebody listens at an IPv4 address. It does not connect to it, which a
// proxy would pass on; see proc_pid_net(5).
func listens(address string) bool {
	a := netip.MustParseAddrPort(address)
	ip := a.Addr().As4()
	entry := fmt.Sprintf(" %08X:%04X 00000000:0000 0A ", binary.NativeEndian.Uint32(ip[:]), a.Port())
	text, _ := os.ReadFile("/proc/net/tcp")
	return bytes.Contains(text, []byte(entry))
}

// freeAddress returns an address that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", listenAt)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
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
			return "", errEnded
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

// explain adds to an error what the server has written to standard error, and ends it for that.
func (s *process) explain(err error) error {
	if err == nil {
		return nil
	}
	s.stop()
	if text := s.stderr.String(); text != "" {
		return fmt.Errorf("%w; the server has said: %s", err, text)
	}
	return err
}

// memStats are figures of a Go server's heap; see servers/program.
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
	return m
}

// A preparation is what a Go server does before it prints its figures.
type preparation int

const (
	asIs      preparation = iota
	collected             // it collects its garbage
	released              // and gives the memory back to the system
)

// memStats asks a Go server for its figures.
func (s *process) memStats(p preparation) (m memStats, err error) {
	if err := askForStats(s.cmd.Process, p); err != nil {
		return m, err
	}
	line, err := s.line(answersIn)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal([]byte(line), &m)
}

// residentBytes returns how much of the memory of the process is resident. The kernel counts that
// anew for smaps_rollup. VmRSS in status may lack what each processor has not added up yet.
func (s *process) residentBytes() (int64, error) {
	file := fmt.Sprintf("/proc/%d/smaps_rollup", s.pid())
	kib, ok := strings.CutSuffix(field(file, "Rss"), " kB")
	if !ok {
		return 0, errors.New("there is no Rss in " + file)
	}
	n, err := strconv.ParseInt(kib, 10, 64)
	return n << 10, err
}

// An excerpt is the beginning of what a process has written, where a Go program says why it
// panics. Only one goroutine writes, and it is read after that has ended.
type excerpt struct{ text []byte }

const excerptBytes = 400

func (e *excerpt) Write(p []byte) (int, error) {
	e.text = append(e.text, p[:min(len(p), excerptBytes-len(e.text))]...)
	return len(p), nil
}

// String returns it as one line.
func (e *excerpt) String() string { return strings.Join(strings.Fields(string(e.text)), " ") }
