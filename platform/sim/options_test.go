package sim_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestOptions sets options in a world, which has no use for them, and aborts a
// connection.
func TestOptions(t *testing.T) {
	w := sim.New(sim.Seeded(1), sim.Alone())
	p, err := platform.New(platform.SingleRunner(), platform.WithCustomBackend(w.Backend))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	backlog := 5
	if runtime.GOOS == "windows" {
		backlog = 0 // which is refused there
	}
	l, err := platform.ListenConfig{Backlog: backlog, SocketOptions: platform.SocketOptions{ReadBuffer: 4096}}.Listen(p, "tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (platform.ListenConfig{Backlog: -1}).Listen(p, "tcp", "127.0.0.1:81"); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a negative backlog: %v", err)
	}
	var a, b platform.Conn
	ignore := ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			t.Error(err)
		}
	})
	l.Accept(&a, ignore)
	p.Connect(&b, "tcp", "127.0.0.1:80", ignore)
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	second := func(_ any, err error) error { return err }
	for name, c := range map[string]struct{ err, want error }{
		"SetNoDelay":    {a.SetNoDelay(true), nil},
		"SetKeepAlive":  {a.SetKeepAlive(net.KeepAliveConfig{}), nil},
		"SetLinger":     {a.SetLinger(0), nil},
		"SetReadBuffer": {a.SetReadBuffer(1), nil},
		"no buffer":     {a.SetReadBuffer(0), syscall.EINVAL},
		"SyscallConn":   {second(a.SyscallConn()), errors.ErrUnsupported},
		"File":          {second(a.File()), errors.ErrUnsupported},
		"AdoptListener": {second(p.AdoptListener(new(net.TCPListener))), errors.ErrUnsupported},
		"AdoptConn":     {p.AdoptConn(new(platform.Conn), new(net.TCPConn)), errors.ErrUnsupported},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if err := a.Abort(); err != nil {
		t.Error(err)
	}
	told := false
	b.Read(make([]byte, 1), ops.HandlerFunc(func(n int, err error) {
		told = true
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the peer reads %d, %v, want %v", n, err, syscall.ECONNRESET)
		}
	}))
	if err := p.Run(context.Background()); err != nil || !told {
		t.Errorf("%v, the peer was told: %t", err, told)
	}
}
