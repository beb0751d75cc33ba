package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A machine is what the figures are of.
type machine struct {
	system, cpu, kernel, goVersion string
	processors                     int
	tools                          []string // for C and C++, and programs of the system, with their versions
}

func describeMachine(ctx context.Context) machine {
	return machine{
		system:     runtime.GOOS + "/" + runtime.GOARCH,
		cpu:        processorName(),
		kernel:     firstLine("/proc/sys/kernel/osrelease"),
		goVersion:  runtime.Version(),
		processors: runtime.NumCPU(),
		tools:      tools(ctx),
	}
}

// processorName returns what the kernel calls the processor. On arm64 it has numbers only.
func processorName() string {
	const file = "/proc/cpuinfo"
	if name := field(file, "model name"); name != "" {
		return name
	}
	if part := field(file, "CPU part"); part != "" {
		return fmt.Sprintf("CPU part %s of implementer %s", part, field(file, "CPU implementer"))
	}
	return "unknown processor"
}

// versionOf finds 2.6.12-1 in: HAProxy version 2.6.12-1 2026/10/17
var versionOf = regexp.MustCompile(`version (\S+)`)

// tools returns the versions of the compilers and, where they are installed, of Asio, haproxy and
// socat.
func tools(ctx context.Context) (all []string) {
	for _, compiler := range []string{cCompiler(), cppCompiler()} {
		if out, err := exec.CommandContext(ctx, compiler, "--version").Output(); err == nil {
			line, _, _ := strings.Cut(string(out), "\n")
			all = append(all, line)
		}
	}
	if version, ok := systemAsio(ctx); ok {
		all = append(all, "Asio "+version)
	}
	for _, c := range [][2]string{{"haproxy", "-v"}, {"socat", "-V"}} {
		path, _ := find(c[0])
		out, _ := exec.CommandContext(ctx, path, c[1]).Output()
		if m := versionOf.FindSubmatch(out); m != nil {
			all = append(all, c[0]+" "+string(m[1]))
		}
	}
	return all
}

func firstLine(file string) string {
	b, _ := os.ReadFile(file)
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

// field returns what follows a name and a colon in a file of /proc.
func field(file, name string) string {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// A quiet is how quiet the machine is while nothing is measured.
type quiet struct {
	load  float64       // of the last minute
	busy  float64       // share of all processors that others use, of 1
	empty time.Duration // of an empty system call
}

const (
	looksFor    = 200 * time.Millisecond
	emptyCalls  = 20_000
	busyMost    = 0.05
	slowerCalls = 1.5 // the slowest round to the quickest
)

// lookAround measures how quiet the machine is.
func lookAround(ctx context.Context) (q quiet) {
	before := readProcessorTimes()
	select {
	case <-ctx.Done():
	case <-time.After(looksFor):
	}
	after := readProcessorTimes()
	if all := after.all - before.all; all > 0 {
		q.busy = 1 - (after.idle-before.idle)/all
	}
	began := time.Now()
	for range emptyCalls {
		syscall.Getppid()
	}
	q.empty = time.Since(began) / emptyCalls
	if fields := strings.Fields(firstLine("/proc/loadavg")); len(fields) > 0 {
		q.load, _ = strconv.ParseFloat(fields[0], 64)
	}
	return q
}

// processorTimes are those of all processors since the system has started, in ticks.
type processorTimes struct{ all, idle float64 }

// readProcessorTimes reads the first line of /proc/stat: user, nice, system, idle, iowait, irq,
// softirq, steal, and two that are part of others.
func readProcessorTimes() (t processorTimes) {
	fields := strings.Fields(firstLine("/proc/stat"))
	for i, f := range fields {
		if i == 0 || i > 8 {
			continue
		}
		ticks, _ := strconv.ParseFloat(f, 64)
		t.all += ticks
		if i == 4 || i == 5 {
			t.idle += ticks
		}
	}
	return t
}

// summarise sums up what was seen at the beginning of each round, and warns if the machine was
// not quiet.
func summarise(rounds []quiet) (text string, warnings []string) {
	if len(rounds) == 0 {
		return "", nil
	}
	first, busy := rounds[0], rounds[0].busy
	fastest, slowest := first.empty, first.empty
	for _, q := range rounds {
		busy = max(busy, q.busy)
		fastest, slowest = min(fastest, q.empty), max(slowest, q.empty)
	}
	text = fmt.Sprintf("The load average was %.2f at first. While nothing was measured, other programs took up to %.0f %% of the processors. An empty system call took %v to %v.",
		first.load, 100*busy, fastest, slowest)
	if busy > busyMost {
		warnings = append(warnings, fmt.Sprintf("other programs took more than %.0f %% of the processors", 100*busyMost))
	}
	if slowest > time.Duration(slowerCalls*float64(fastest)) {
		warnings = append(warnings, fmt.Sprintf("an empty system call took %v in one round and %v in another", fastest, slowest))
	}
	return text, warnings
}
