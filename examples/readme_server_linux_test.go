package examples

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// A server is a process that runs the server of the README, on any port.
type server struct {
	*exec.Cmd
	t       *testing.T
	address string
	log     *bufio.Reader
}

// buildServer returns the executable of the README's server, with texts replaced.
func buildServer(t *testing.T, oldnew ...string) (path string) {
	t.Helper()
	m := newREADMEModule(t)
	text := strings.NewReplacer(append(oldnew, "127.0.0.1:7777", "127.0.0.1:0")...).Replace(m.blocks[1])
	m.write(t, "server/main.go", text)
	path = filepath.Join(t.TempDir(), "server")
	goTool(t, m.dir, "build", "-o", path, "./server")
	return path
}

// startServer runs it on a backend, with a limit of descriptors.
func startServer(t *testing.T, path, backend string, descriptors int) *server {
	t.Helper()
	s := &server{t: t, Cmd: exec.Command("/bin/sh", "-c", `ulimit -n "$1" && exec "$0"`, path, strconv.Itoa(descriptors))}
	s.Env = append(os.Environ(), "HEIRLOOM_BACKEND="+backend)
	out, err := s.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Process.Kill() })
	s.log = bufio.NewReader(out)
	line, err := s.log.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ok bool
	if _, s.address, ok = strings.Cut(strings.TrimSpace(line), "listening on "); !ok {
		t.Fatalf("the server says %q", line)
	}
	return s
}

// dial returns a client of the server.
func (s *server) dial() net.Conn {
	s.t.Helper()
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	s.t.Cleanup(func() { c.Close() })
	return c
}

// echo wants a message back.
func (s *server) echo(c net.Conn) {
	s.t.Helper()
	const message = "hello"
	b := make([]byte, len(message))
	c.Write([]byte(message))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != message {
		s.t.Errorf("an echo of %q, %v; want %q", b, err, message)
	}
}

// awaitRefusal waits until the server listens no more, and returns how often it has
// tried.
func (s *server) awaitRefusal() (tries int) {
	s.t.Helper()
	for end := time.Now().Add(patience); ; {
		tries++
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			return tries
		}
		c.Close() // it came before the signal
		if time.Now().After(end) {
			s.t.Fatal("it listens still")
		}
	}
}

// awaitExit wants the server to end by itself and to have said last that its sessions
// are done. It returns what it said before.
func (s *server) awaitExit() (log string) {
	s.t.Helper()
	kill := time.AfterFunc(patience, func() { s.Process.Kill() })
	defer kill.Stop()
	rest, _ := io.ReadAll(s.log)
	if err := s.Wait(); err != nil {
		s.t.Errorf("the server has ended with: %v", err)
	}
	log, ok := strings.CutSuffix(string(rest), "the last session is done: <nil>\n")
	if !ok {
		s.t.Errorf("the server has said last:\n%s", rest)
	}
	return log
}

// TestREADMEServer has the server meet more clients than it can serve, and a signal.
func TestREADMEServer(t *testing.T) {
	path := buildServer(t, "5*time.Second", "5*time.Minute") // on a busy machine
	for _, backend := range platform.Backends() {
		t.Run(backend+"/few descriptors", func(t *testing.T) { fewDescriptors(t, path, backend) })
		t.Run(backend+"/drains", func(t *testing.T) { drains(t, path, backend) })
	}
}

// fewDescriptors has 40 clients of a server with 24 descriptors. Those who find none are
// served when others have left, and so is who comes afterwards.
func fewDescriptors(t *testing.T, path, backend string) {
	const descriptors, clients = 24, 40
	s := startServer(t, path, backend, descriptors)
	conns := make([]net.Conn, clients)
	for i := range conns {
		conns[i] = s.dial()
	}
	// It says first that it has none left.
	line, err := s.log.ReadString('\n')
	if err != nil || !strings.Contains(line, "too many open files") {
		t.Fatalf("the server has said %q, %v", line, err)
	}
	for _, c := range append(conns, s.dial()) { // in the order in which they came
		s.echo(c)
		c.Close()
	}
	late := s.dial()
	s.echo(late)
	late.Close()
	s.Process.Signal(syscall.SIGTERM)
	came := clients + s.awaitRefusal()
	// There is a failure for a client that leaves, or for a pause. To try again at once
	// would make many thousand.
	if n := strings.Count(s.awaitExit(), "\n"); n > 10*came {
		t.Errorf("it has failed %d times, with %d clients", n, came)
	}
}

// drains has 1,000 clients of a server that is told to end. They are served until they
// leave, and nobody else is.
func drains(t *testing.T, path, backend string) {
	const clients = 1000
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < 2*clients {
		t.Skipf("too few descriptors: %v, %v", limit, err)
	}
	s := startServer(t, path, backend, 2*clients)
	conns := make([]net.Conn, clients)
	for i := range conns {
		conns[i] = s.dial()
		s.echo(conns[i])
	}
	s.Process.Signal(syscall.SIGTERM)
	s.awaitRefusal()
	for _, c := range conns {
		s.echo(c)
		c.Close()
	}
	s.awaitExit()
}

// TestREADMEServerDeadline has clients that stay. They are cut off.
func TestREADMEServerDeadline(t *testing.T) {
	path := buildServer(t, "5*time.Second", "10*time.Millisecond")
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			s := startServer(t, path, backend, 1000)
			conns := make([]net.Conn, 100)
			for i := range conns {
				conns[i] = s.dial()
				s.echo(conns[i])
			}
			s.Process.Signal(syscall.SIGTERM)
			for _, c := range conns {
				if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("a client that stays has read %d, %v, want the end", n, err)
				}
			}
			s.awaitExit()
		})
	}
}
