package platform_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// openers are the calls that open descriptors, apart from accepting (see
// TestAcceptNoDescriptors), each made ready for a world.
var openers = map[string]func(w *world) func() (io.Closer, error){
	"New": func(w *world) func() (io.Closer, error) {
		return func() (io.Closer, error) {
			return closer(platform.New(platform.WithBackend(w.backend), platform.SingleRunner()))
		}
	},
	"NewGroup": func(w *world) func() (io.Closer, error) {
		return func() (io.Closer, error) { return closer(platform.NewGroup(3, platform.WithBackend(w.backend))) }
	},
	"Listen": func(w *world) func() (io.Closer, error) {
		return func() (io.Closer, error) { return closer(w.Listen("tcp", "127.0.0.1:0")) }
	},
	"Listen on a path": func(w *world) func() (io.Closer, error) {
		path := socketPath(w.t)
		return func() (io.Closer, error) { return closer(w.Listen("unix", path)) }
	},
	"ListenPacket": func(w *world) func() (io.Closer, error) {
		return func() (io.Closer, error) { return closer(w.ListenPacket("udp4", "127.0.0.1:0")) }
	},
	"OpenFile": func(w *world) func() (io.Closer, error) {
		name := filepath.Join(w.t.TempDir(), "file")
		return func() (io.Closer, error) { return closer(w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)) }
	},
	"NewFile": func(w *world) func() (io.Closer, error) {
		old, err := os.CreateTemp(w.t.TempDir(), "")
		if err != nil {
			w.t.Fatal(err)
		}
		return func() (io.Closer, error) { return closer(w.NewFile(old)) }
	},
	"Connect":           connecting("tcp", func(*world) string { return "127.0.0.1:0" }),
	"Connect to a path": connecting("unix", func(w *world) string { return socketPath(w.t) }),
	"Dial of a name": func(w *world) func() (io.Closer, error) {
		to := at("two.test", w.listen("tcp4", "127.0.0.1:0"))
		d := &platform.Dialer{Resolver: &hosts{addrs: map[string][]string{"two.test": {"127.0.0.1", "127.0.0.1"}}}}
		return func() (io.Closer, error) {
			c := new(platform.Conn)
			return closer(c, w.dial(d, c, "tcp4", to))
		}
	},
	"File": func(w *world) func() (io.Closer, error) {
		c, _ := w.peer()
		return func() (io.Closer, error) { return closer(c.File()) }
	},
	"AdoptConn": func(w *world) func() (io.Closer, error) {
		l := w.listen("tcp", "127.0.0.1:0")
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			w.t.Fatal(err)
		}
		return func() (io.Closer, error) {
			c := new(platform.Conn)
			return closer(c, w.AdoptConn(c, nc))
		}
	},
}

// closer returns what was opened, and no pointer to nothing if it was not.
func closer[T io.Closer](c T, err error) (io.Closer, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// connecting connects to a listener.
func connecting(network string, address func(w *world) string) func(w *world) func() (io.Closer, error) {
	return func(w *world) func() (io.Closer, error) {
		to := w.listen(network, address(w)).Addr().String()
		return func() (io.Closer, error) {
			c := new(platform.Conn)
			var connected result
			w.Connect(c, network, to, &connected)
			return closer(c, w.told(&connected))
		}
	}
}

// TestFewDescriptors opens everything with no descriptor left, with one, with two, and so on
// until that is enough. Before, it fails with EMFILE and keeps none; then it works.
func TestFewDescriptors(t *testing.T) {
	if !apart(t, nil) {
		return
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100}); err != nil {
		t.Fatal(err)
	}
	for what, ready := range openers {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.await(w.posted()) // whatever it opens when it is first run is open now
				open := ready(w)
				for left := 0; ; left++ {
					fill, free := allBut(t, left)
					c, err := open()
					if err == nil {
						if err := c.Close(); err != nil {
							t.Errorf("closing it: %v", err)
						}
						t.Logf("it takes %d descriptors", left)
					} else if !errors.Is(err, syscall.EMFILE) {
						t.Errorf("with %d descriptors left: %v, want %v", left, err, syscall.EMFILE)
					}
					want := left
					if err == nil && (what == "NewFile" || what == "AdoptConn") {
						want++ // that of what was taken over
					}
					if n := fill(); n != want {
						t.Errorf("of %d descriptors %d are left, want %d, after the error %v", left, n, want, err)
					}
					free()
					if err == nil || left > 50 {
						break
					}
				}
			})
		})
	}
}

// posted returns the result of something that was posted.
func (w *world) posted() *result {
	r := new(result)
	ops.Post(w, r)
	return r
}

// allBut leaves the process few descriptors. A function fill takes those too and
// returns how many there were, and free gives all of them back.
func allBut(t *testing.T, left int) (fill func() int, free func()) {
	t.Helper()
	var files []int
	fill = func() (n int) {
		t.Helper()
		for {
			fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err == unix.EMFILE {
				return n
			}
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, fd)
			n++
		}
	}
	fill()
	for range left {
		unix.Close(files[len(files)-1])
		files = files[:len(files)-1]
	}
	return fill, func() {
		for _, fd := range files {
			unix.Close(fd)
		}
	}
}
