package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/compare/load"
)

// A run writes figures, a chart and a table of what can be built, and says what cannot.
func TestRun(t *testing.T) {
	t.Setenv("CC", filepath.Join(t.TempDir(), "no-compiler"))
	results, build := t.TempDir(), t.TempDir()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), []string{
		"-run", "^echo-64$", "-programs", "^(heirloom epoll|net|C epoll)$", "-time", "50ms", "-rounds", "1", "-o", results, "-build", build,
	}, &stdout, &stderr)
	if status != 0 {
		t.Fatalf("status %d\n%s%s", status, &stdout, &stderr)
	}
	if !regexp.MustCompile(`left out: C epoll: .*no-compiler.* apt-get install gcc`).Match(stderr.Bytes()) {
		t.Errorf("it does not say why C epoll is left out:\n%s", &stderr)
	}
	for file, want := range map[string]string{
		"README.md":   `(?s)\| Heirloom epoll \| [0-9,]+ \| [0-9.,]+ \| [0-9]+ \|.*\| net \| .*- C epoll: `,
		"echo-64.txt": `(?s)Benchmark64_connections/Heirloom_epoll 1 [0-9.e+]+ ns/msg [0-9.e+-]+ allocs/msg .*Benchmark64_connections/peer=net 1 `,
		"echo-64.svg": `^<svg `,
	} {
		text, err := os.ReadFile(filepath.Join(results, file))
		if err != nil || !regexp.MustCompile(want).Match(text) {
			t.Errorf("%s: %v; want %s in it:\n%s", file, err, want, text)
		}
	}
}

// A server ends with the run, also when it is interrupted.
func TestServerEnds(t *testing.T) {
	b, err := newBuilder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.build(t.Context(), program{name: "net", kind: echoes, source: "net"})
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := start(ctx, p, placement{cpus: cpus[:1], batch: true})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := s.memStats(released); err != nil || m.Mallocs == 0 || m.HeapBytes == 0 || m.GCCycles == 0 {
		t.Errorf("figures of its heap: %+v, error %v", m, err)
	}
	if n, err := s.residentBytes(); err != nil || n == 0 {
		t.Errorf("%d bytes are resident, error %v", n, err)
	}
	cancel()
	s.stop()
	if err := syscall.Kill(s.pid(), 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the server is still there: %v", err)
	}

	if _, err := start(t.Context(), p, placement{cpus: cpus}, "-unknown"); err == nil || !strings.Contains(err.Error(), "-unknown") {
		t.Errorf("error %v, want what the server has said", err)
	}
}

// The reason for which a server has ended is in the error.
func TestServerCrashes(t *testing.T) {
	b, err := newBuilder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cpus, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{time: 20 * time.Millisecond, cpus: cpus}
	if r.loader, err = b.goProgram(t.Context(), "./loader"); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "server")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho out of order >&2\necho listening 127.0.0.1:1\nexec sleep 60\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	all := placement{cpus: cpus}
	_, err = r.serveAndLoad(t.Context(), built{path: script}, serving{all, all, smallBuffer, 1}, load.Config{Connections: 1, Size: messageSize})
	if err == nil || !strings.Contains(err.Error(), "connect 127.0.0.1:1") || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("error %v, want what the load and the server have said", err)
	}
}
