package platform_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A setting is what the kernel says of the options of a socket.
type setting struct {
	NoDelay, KeepAlive    bool
	Idle, Interval, Count int
	Lingers               bool
}

// netSetting is what package net makes of a connection.
var netSetting = setting{NoDelay: true, KeepAlive: true, Idle: 15, Interval: 15, Count: 9}

// get returns an option of a socket.
func get(t *testing.T, c syscall.Conn, level, option int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if cerr := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, option) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
	return value
}

func settingOf(t *testing.T, c syscall.Conn) setting {
	t.Helper()
	return setting{
		NoDelay:   get(t, c, unix.IPPROTO_TCP, unix.TCP_NODELAY) != 0,
		KeepAlive: get(t, c, unix.SOL_SOCKET, unix.SO_KEEPALIVE) != 0,
		Idle:      get(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE),
		Interval:  get(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL),
		Count:     get(t, c, unix.IPPROTO_TCP, unix.TCP_KEEPCNT),
		Lingers:   get(t, c, unix.SOL_SOCKET, unix.SO_LINGER) != 0,
	}
}

// acceptOn returns the ends of a connection to a listener.
func (w *world) acceptOn(l *platform.Listener) (accepted, connected *platform.Conn) {
	w.t.Helper()
	accepted, connected = new(platform.Conn), new(platform.Conn)
	var a, c result
	l.Accept(accepted, &a)
	w.Connect(connected, l.Addr().Network(), l.Addr().String(), &c)
	w.await(&a, &c)
	a.want(w.t, 0, nil)
	c.want(w.t, 0, nil)
	return accepted, connected
}

// TestOptionDefaults reads back what a program gets that says nothing, and compares it
// with a connection of package net.
func TestOptionDefaults(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if diff := cmp.Diff(netSetting, settingOf(t, c.(syscall.Conn))); diff != "" {
		t.Errorf("package net (-want +got):\n%s", diff)
	}
	each(t, func(t *testing.T, w *world) {
		accepted, connected := w.pair()
		for name, c := range map[string]*platform.Conn{"accepted": accepted, "connected": connected} {
			if diff := cmp.Diff(netSetting, settingOf(t, c)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// TestTableDefaults reads back the other defaults in the table of options. A new row
// needs a new line here.
func TestTableDefaults(t *testing.T) {
	nl, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer nl.Close()
	nc, err := net.Dial("tcp", nl.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nuPath := filepath.Join(t.TempDir(), "s")
	nu, err := net.Listen("unix", nuPath)
	if err != nil {
		t.Fatal(err)
	}
	defer nu.Close()
	nuInfo, err := os.Stat(nuPath)
	if err != nil {
		t.Fatal(err)
	}
	somaxconn, err := os.ReadFile("/proc/sys/net/core/somaxconn")
	if err != nil {
		t.Skip(err)
	}
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp", "127.0.0.1:0")
		_, c := w.acceptOn(l)
		path := filepath.Join(t.TempDir(), "s")
		u := w.listen("unix", path)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		u.Close()
		_, gone := os.Stat(path)
		s := settingOf(t, c)
		for _, row := range documentedOptions(t) {
			name := row.field
			if name == "-" {
				name = row.method
			}
			var ok bool
			switch name {
			case "Delay":
				ok = s.NoDelay
			case "KeepAlive":
				ok = row.byDefault == fmt.Sprintf("%d s, %d s, %d", s.Idle, s.Interval, s.Count)
			case "NoKeepAlive":
				ok = s.KeepAlive
			case "ReadBuffer": // which Linux has grown already, when data has come
				ok = get(t, l, unix.SOL_SOCKET, unix.SO_RCVBUF) == get(t, nl.(syscall.Conn), unix.SOL_SOCKET, unix.SO_RCVBUF)
			case "WriteBuffer":
				ok = get(t, l, unix.SOL_SOCKET, unix.SO_SNDBUF) == get(t, nl.(syscall.Conn), unix.SOL_SOCKET, unix.SO_SNDBUF)
			case "Backlog":
				ok = fmt.Sprintln(backlogOf(t, l)) == string(somaxconn)
			case "ReusePort":
				ok = get(t, l, unix.SOL_SOCKET, unix.SO_REUSEPORT) == 0
			case "Mode":
				ok = info.Mode() == nuInfo.Mode()
			case "Control":
				ok = platform.ListenConfig{}.Control == nil
			case "SetLinger":
				ok = !s.Lingers
			case "SetUnlinkOnClose":
				ok = errors.Is(gone, fs.ErrNotExist)
			}
			if !ok {
				t.Errorf("%s: the default is not %s", name, row.byDefault)
			}
		}
	})
}

// TestListenOptions has a listener with options, and looks at what it accepts.
func TestListenOptions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		controlled := ""
		l, err := platform.ListenConfig{
			SocketOptions: platform.SocketOptions{
				Delay:       true,
				KeepAlive:   net.KeepAliveConfig{Idle: 31 * time.Second, Interval: 1500 * time.Millisecond, Count: 3},
				ReadBuffer:  20_000,
				WriteBuffer: 30_000,
			},
			Backlog:   7,
			ReusePort: true,
			Control: func(network, address string, c syscall.RawConn) error {
				controlled = network + " " + address
				return nil
			},
		}.Listen(w.Proactor, "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if controlled != "tcp4 127.0.0.1:0" {
			t.Errorf("Control was called for %q", controlled)
		}
		if n := backlogOf(t, l); n != 7 {
			t.Errorf("the backlog is %d, want 7", n)
		}
		other, err := platform.ListenConfig{ReusePort: true}.Listen(w.Proactor, "tcp", l.Addr().String())
		if err != nil {
			t.Errorf("a second listener of the port: %v", err)
		} else {
			other.Close()
		}
		c, _ := w.acceptOn(l)
		want := setting{KeepAlive: true, Idle: 31, Interval: 2, Count: 3}
		if diff := cmp.Diff(want, settingOf(t, c)); diff != "" {
			t.Errorf("accepted (-want +got):\n%s", diff)
		}
		if r, s := get(t, c, unix.SOL_SOCKET, unix.SO_RCVBUF), get(t, c, unix.SOL_SOCKET, unix.SO_SNDBUF); r != 40_000 || s != 60_000 {
			t.Errorf("buffers of %d and %d bytes, want 40000 and 60000", r, s)
		}

		l, err = platform.ListenConfig{SocketOptions: platform.SocketOptions{NoKeepAlive: true}}.Listen(w.Proactor, "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c, _ = w.acceptOn(l)
		if s := settingOf(t, c); !s.NoDelay || s.KeepAlive {
			t.Errorf("without probes: %+v", s)
		}
	})
}

// backlogOf returns how many connections may wait at a listener, which the kernel tells
// in a field that it has for something else otherwise.
func backlogOf(t *testing.T, l *platform.Listener) (n uint32) {
	t.Helper()
	raw, err := l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		var info *unix.TCPInfo
		if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			n = info.Sacked
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestListenMode has the path of a unix listener have permissions that the umask would
// not leave, and ones that it would add to.
func TestListenMode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, mode := range []fs.FileMode{0o777, 0o600} {
			path := filepath.Join(t.TempDir(), "s")
			l, err := platform.ListenConfig{Mode: mode}.Listen(w.Proactor, "unix", path)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != mode {
				t.Errorf("the path has mode %v, want %v", got, mode)
			}
			c, _ := w.acceptOn(l)
			c.Close()
			l.Close()
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the path is there after Close: %v", err)
			}
		}
	})
}

// TestListenConfigRefuses asks for what there is not.
func TestListenConfigRefuses(t *testing.T) {
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		network string
		config  platform.ListenConfig
		want    error
	}{
		"negative backlog": {"tcp", platform.ListenConfig{Backlog: -1}, syscall.EINVAL},
		"negative buffer":  {"tcp", platform.ListenConfig{SocketOptions: platform.SocketOptions{ReadBuffer: -1}}, syscall.EINVAL},
		"setuid":           {"unix", platform.ListenConfig{Mode: 0o600 | fs.ModeSetuid}, syscall.EINVAL},
		"mode of TCP":      {"tcp", platform.ListenConfig{Mode: 0o600}, errors.ErrUnsupported},
		"mode of a name":   {"unix@", platform.ListenConfig{Mode: 0o600}, errors.ErrUnsupported},
		"port of unix":     {"unix", platform.ListenConfig{ReusePort: true}, errors.ErrUnsupported},
		"packet backlog":   {"udp", platform.ListenConfig{Backlog: 1}, errors.ErrUnsupported},
		"long keep-alive":  {"tcp", platform.ListenConfig{SocketOptions: platform.SocketOptions{KeepAlive: net.KeepAliveConfig{Idle: 1000 * time.Hour}}}, syscall.EINVAL},
		"control":          {"tcp", platform.ListenConfig{Control: func(string, string, syscall.RawConn) error { return refused }}, refused},
		"packet control":   {"udp", platform.ListenConfig{Control: func(string, string, syscall.RawConn) error { return refused }}, refused},
		"network":          {"sctp", platform.ListenConfig{}, net.UnknownNetworkError("sctp")},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				if name == "long keep-alive" && w.backend == "portable" {
					w.t.Skip("package net ignores it, on what it accepts")
				}
				address := "127.0.0.1:0"
				switch c.network {
				case "unix":
					address = filepath.Join(t.TempDir(), "s")
				case "unix@":
					address = "@heirloom-mode"
				}
				network := strings.TrimSuffix(c.network, "@")
				var err error
				if strings.HasPrefix(network, "udp") {
					_, err = c.config.ListenPacket(w.Proactor, network, address)
				} else {
					_, err = c.config.Listen(w.Proactor, network, address)
				}
				if !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if network == "unix" {
					if _, err := os.Stat(address); !errors.Is(err, fs.ErrNotExist) {
						t.Errorf("the path was left behind: %v", err)
					}
				}
			})
		})
	}
}

// TestPacketOptions has packet sockets with options.
func TestPacketOptions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := platform.ListenConfig{SocketOptions: platform.SocketOptions{ReadBuffer: 20_000}, ReusePort: true}
		a, err := c.ListenPacket(w.Proactor, "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if n := get(t, a, unix.SOL_SOCKET, unix.SO_RCVBUF); n != 40_000 {
			t.Errorf("a buffer of %d bytes, want 40000", n)
		}
		if _, err := c.ListenPacket(w.Proactor, "udp", a.LocalAddr().String()); err != nil {
			t.Errorf("a second socket of the port: %v", err)
		}
		if err := a.SetWriteBuffer(30_000); err != nil {
			t.Error(err)
		}
		if err := a.SetReadBuffer(25_000); err != nil {
			t.Error(err)
		}
		if r, s := get(t, a, unix.SOL_SOCKET, unix.SO_RCVBUF), get(t, a, unix.SOL_SOCKET, unix.SO_SNDBUF); r != 50_000 || s != 60_000 {
			t.Errorf("buffers of %d and %d bytes, want 50000 and 60000", r, s)
		}
	})
}

// settle has the kernel get what was started.
func (w *world) settle() {
	w.t.Helper()
	var posted result
	ops.Post(w, &posted)
	w.await(&posted)
}
