package main

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// missing skips a test that needs a server which is not installed, or fails it where the
// environment variable HEIRLOOM_CLIENTS is "required".
func missing(t *testing.T, what string, err error) {
	t.Helper()
	if os.Getenv("HEIRLOOM_CLIENTS") == "required" {
		t.Fatalf("HEIRLOOM_CLIENTS is required, and there is no %s: %v", what, err)
	}
	t.Skipf("there is no %s here, which setup.sh installs: %v", what, err)
}

// A server is a program that runs for as long as a test, in a folder of its own.
type server struct {
	t        *testing.T
	signal   string // what it ends on
	command  []string
	asUser   func(*exec.Cmd) // changes who runs it
	dir      string
	stopping io.Closer
	ended    chan struct{}

	mu  sync.Mutex
	log strings.Builder
}

// script runs a server until its own standard input ends, so that the server does not outlive
// the test, however that ends. Its standard output is the server's alone.
const script = `"$@" </dev/null & exec >/dev/null 2>&1; read -r _; kill -s "$0" $!; wait`

// start starts the server, and returns when it says that it is ready.
func (s *server) start() {
	s.t.Helper()
	c := exec.Command("/bin/sh", append([]string{"-c", script, s.signal}, s.command...)...)
	c.Dir = s.dir
	s.asUser(c)
	in, err := c.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	c.Stdout, c.Stderr = w, w
	err = c.Start()
	w.Close()
	if err != nil {
		r.Close()
		s.t.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan struct{})
	s.stopping, s.ended = in, ended
	go func() {
		defer close(ended)
		defer c.Wait()
		defer r.Close()
		var once sync.Once
		for lines := bufio.NewScanner(r); lines.Scan(); {
			s.mu.Lock()
			s.log.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if strings.Contains(lines.Text(), "eady to accept connections") {
				once.Do(func() { close(ready) })
			}
		}
		in.Close()
	}()
	wait(s.t, s.command[0], func() {
		select {
		case <-ready:
		case <-ended:
		}
	})
	select {
	case <-ready:
	default:
		s.t.Fatalf("%q has ended:\n%s", s.command, s.said())
	}
}

// stop ends the server, and returns when it has ended.
func (s *server) stop() {
	s.stopping.Close()
	wait(s.t, "the end of "+s.command[0], func() { <-s.ended })
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// newServer returns a server with a folder that it can use as the user it is run by.
func newServer(t *testing.T, signal string, asUser func(*exec.Cmd)) *server {
	s := &server{t: t, signal: signal, asUser: asUser, dir: t.TempDir()}
	// The folder of the test above it is closed to others.
	if err := os.Chmod(filepath.Dir(s.dir), 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%q has said:\n%s", s.command, s.said())
		}
	})
	return s
}

// freePort returns a port that is free now.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
