package netconn_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// A world is a proactor that runs for as long as a test lasts.
type world struct {
	*platform.Proactor
	*testing.T
	name    string
	options []platform.Option
	over    chan error // what Run has returned
}

// each runs a test on every backend, with several runners and with a single one, and on a
// simulated network.
func each(t *testing.T, test func(w *world)) {
	for _, b := range append(platform.Backends(), "sim") {
		for name, options := range map[string][]platform.Option{
			b:             nil,
			b + "/single": {platform.SingleRunner()},
		} {
			if b == "sim" {
				options = append(options, platform.WithCustomBackend(sim.New(sim.Seeded(1)).Backend))
			} else {
				options = append(options, platform.WithBackend(b))
			}
			t.Run(name, func(t *testing.T) { test(open(t, name, options)) })
		}
	}
}

func open(t *testing.T, name string, options []platform.Option) *world {
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{p, t, name, options, make(chan error, 1)}
	hold := p.Hold()
	go func() { w.over <- p.Run(context.Background()) }()
	t.Cleanup(func() {
		hold.Release()
		p.Close()
		w.wait("Run", func() { <-w.over })
	})
	return w
}

// wait fails the test, with all goroutines in the log, if f does not return.
func (w *world) wait(what string, f func()) {
	w.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		var all strings.Builder
		pprof.Lookup("goroutine").WriteTo(&all, 1)
		w.Fatalf("%s has not returned for %v\n%s", what, patience, all.String())
	}
}

// listen returns a listener, which is closed with the test.
func (w *world) listen(network string) *netconn.Listener {
	w.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		dir, err := os.MkdirTemp("", "") // as the path of a unix socket is to be short
		if err != nil {
			w.Fatal(err)
		}
		w.Cleanup(func() { os.RemoveAll(dir) })
		address = filepath.Join(dir, "s")
	}
	l, err := netconn.Listen(w.Proactor, network, address)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	return l
}

// pair returns both ends of a connection.
func (w *world) pair() (a, b *netconn.Conn) {
	w.Helper()
	l := w.listen("tcp")
	d := netconn.Dialer{Proactor: w.Proactor}
	dialed, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		w.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { dialed.Close(); accepted.Close() })
	return dialed.(*netconn.Conn), accepted.(*netconn.Conn)
}

// ended calls f on a goroutine of its own. What it returns is for want.
func (w *world) ended(f func() error) chan error {
	result := make(chan error, 1)
	go func() { result <- f() }()
	return result
}

// want returns what a call has returned, and fails the test if it does not.
func (w *world) want(what string, result chan error) (err error) {
	w.Helper()
	w.wait(what, func() { err = <-result })
	return err
}

// answerSize returns how many bytes a server of HTTP answers with.
func answerSize(t testing.TB, address string) int {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	all := make([]byte, 4096)
	n := 0
	for !bytes.HasSuffix(all[:n], []byte("hello, world")) {
		m, err := c.Read(all[n:])
		if n += m; err != nil {
			t.Fatal(err)
		}
	}
	return n
}
