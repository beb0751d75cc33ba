package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// descriptors returns the number that this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// asProgram prepares the test's executable to be the program, with as few
// descriptors as its parent says.
func asProgram() {
	n, err := strconv.ParseUint(os.Getenv("ECHO_AS_PROGRAM"), 10, 32)
	if err == nil {
		err = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "rlimit:", err)
		os.Exit(exitFailed)
	}
}

// TestProgram runs the server as a process of its own that has no descriptors
// for most of its clients. They wait until others leave. Then it is
// interrupted.
func TestProgram(t *testing.T) {
	const limit, clients = 24, 60
	cmd := exec.Command(os.Args[0], "-listen", "127.0.0.1:0", "-check")
	cmd.Env = append(os.Environ(), fmt.Sprint("ECHO_AS_PROGRAM=", limit))
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := addressIn(t, line)

	// They are served in the order in which they connected, so each is served
	// once enough of those before it have left.
	conns := make([]net.Conn, clients)
	for i := range conns {
		conns[i] = dial(t, address)
	}
	for i, c := range conns {
		mustEcho(t, c, fmt.Sprint("client ", i))
		c.Close()
	}

	cmd.Process.Signal(os.Interrupt)
	var summary strings.Builder
	out.WriteTo(&summary)
	if err := cmd.Wait(); err != nil {
		t.Errorf("the program: %v", err)
	}
	for _, want := range []string{fmt.Sprintf("connections  %d\n", clients), "violations   0\n"} {
		if !strings.Contains(summary.String(), want) {
			t.Errorf("the summary lacks %q:\n%s", want, summary.String())
		}
	}
}
