package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// An errorRow is a line of the table of errors in the package's documentation, and how
// the error comes about.
type errorRow struct {
	call, when string
	is         error  // what errors.Is finds
	as         string // or the type that is in it
	op         string // of the *net.OpError, or empty
	where      string // its address is that of whom
	real       bool   // not on a simulated network, where it does not happen
	happen     func(t *testing.T, w *world) (addr string, err error)
}

// told runs the proactor until the handler of an operation was called.
func (w *world) told(r *result) error {
	w.t.Helper()
	w.await(r)
	if r.calls != 1 || r.n != 0 {
		w.t.Errorf("the handler was called %d times, last with %d", r.calls, r.n)
	}
	return r.err
}

// connectTo connects a new Conn.
func (w *world) connectTo(network, address string) (string, error) {
	var r result
	w.Connect(new(platform.Conn), network, address, &r)
	r.later(w.t)
	return address, w.told(&r)
}

var errorRows = []errorRow{
	{call: "Connect", when: "nobody listens", is: syscall.ECONNREFUSED, op: "dial", where: "the peer",
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			at := l.Addr().String()
			l.Close()
			return w.connectTo("tcp", at)
		}},
	{call: "Connect", when: "no such path", is: syscall.ENOENT, op: "dial", where: "the peer",
		happen: func(t *testing.T, w *world) (string, error) {
			return w.connectTo("unix", socketPath(t))
		}},
	{call: "Connect", when: "it takes too long (ops.WithTimeout)", is: os.ErrDeadlineExceeded, op: "dial", where: "the peer", real: true,
		happen: func(t *testing.T, w *world) (string, error) {
			at := stuck(t)
			if at == "" {
				return "", os.ErrDeadlineExceeded
			}
			var r result
			w.Connect(new(platform.Conn), "tcp", at, ops.WithTimeout(&r, time.Millisecond))
			return at, w.told(&r)
		}},
	{call: "Connect", when: "the address is not numeric", as: "*net.AddrError", op: "dial",
		happen: func(t *testing.T, w *world) (string, error) { return w.connectTo("tcp", "example.org:80") }},
	{call: "Connect", when: "the network is not known", as: "net.UnknownNetworkError", op: "dial",
		happen: func(t *testing.T, w *world) (string, error) { return w.connectTo("udp", "127.0.0.1:80") }},
	{call: "Connect", when: "the Conn is in use", is: platform.ErrInUse,
		happen: func(t *testing.T, w *world) (string, error) {
			a, _ := w.pair()
			var r result
			w.Connect(a, "tcp", "127.0.0.1:80", &r)
			return "", w.told(&r)
		}},
	{call: "Connect", when: "it is cancelled", is: ops.ErrCanceled, real: true,
		happen: func(t *testing.T, w *world) (string, error) {
			at := stuck(t)
			if at == "" {
				return "", ops.ErrCanceled
			}
			var r result
			c := new(platform.Conn)
			w.Connect(c, "tcp", at, &r)
			c.Cancel()
			return "", w.told(&r)
		}},
	{call: "Connect", when: "the Conn is closed meanwhile", is: net.ErrClosed,
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			defer l.Close()
			var r result
			c := new(platform.Conn)
			w.Connect(c, "tcp", l.Addr().String(), &r)
			if c.Close(); c.RemoteAddr() != nil {
				t.Error("a Conn that is closed has a peer")
			}
			return "", w.told(&r)
		}},
	{call: "Connect", when: "no memory for the operation", is: allocator.ErrExhausted,
		happen: func(t *testing.T, w *world) (string, error) {
			var r result
			w.Connect(new(platform.Conn), "tcp", "127.0.0.1:80", ops.WithAllocator(&r, allocator.Null[ops.Operation]{}))
			return "", w.told(&r)
		}},
	{call: "Dial", when: "no such host", as: "*net.DNSError", op: "dial", where: "the name",
		happen: func(t *testing.T, w *world) (string, error) {
			return "none.test:80", w.dial(&platform.Dialer{Resolver: &hosts{}}, new(platform.Conn), "tcp", "none.test:80")
		}},
	{call: "Dial", when: "every address of the host fails", is: syscall.ECONNREFUSED, op: "dial", where: "the first",
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			at := l.Addr().String()
			l.Close()
			_, port, _ := net.SplitHostPort(at)
			return at, w.dial(new(platform.Dialer), new(platform.Conn), "tcp", "localhost:"+port)
		}},
	{call: "Dial", when: "it takes too long (Dialer.Timeout)", is: os.ErrDeadlineExceeded, op: "dial", where: "the name", real: true,
		happen: func(t *testing.T, w *world) (string, error) {
			d := &platform.Dialer{Timeout: time.Millisecond, Resolver: &hosts{addrs: map[string][]string{"slow.test": nil}}}
			return "slow.test:80", w.dial(d, new(platform.Conn), "tcp", "slow.test:80")
		}},
	{call: "Listen", when: "the address is in use", is: syscall.EADDRINUSE, op: "listen", where: "the address", real: true,
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			defer l.Close()
			_, err := w.Listen("tcp", l.Addr().String())
			return l.Addr().String(), err
		}},
	{call: "Listen", when: "the network is not known", as: "net.UnknownNetworkError", op: "listen",
		happen: func(t *testing.T, w *world) (string, error) {
			_, err := w.Listen("tcp9", "127.0.0.1:0")
			return "", err
		}},
	{call: "Listen", when: "the proactor is closed", is: net.ErrClosed, op: "listen", where: "the address",
		happen: func(t *testing.T, w *world) (string, error) {
			w.Close()
			_, err := w.Listen("tcp", "127.0.0.1:7")
			return "127.0.0.1:7", err
		}},
	{call: "Accept", when: "no descriptor is left", is: syscall.EMFILE, op: "accept", where: "the listener"}, // see TestAcceptNoDescriptors
	{call: "Accept", when: "it takes too long (ops.WithTimeout)", is: os.ErrDeadlineExceeded, op: "accept", where: "the listener",
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			defer l.Close()
			var r result
			l.Accept(new(platform.Conn), ops.WithTimeout(&r, time.Millisecond))
			return l.Addr().String(), w.told(&r)
		}},
	{call: "Accept", when: "the Conn is in use", is: platform.ErrInUse,
		happen: func(t *testing.T, w *world) (string, error) {
			a, _ := w.pair()
			l := w.listen("tcp", "127.0.0.1:0")
			defer l.Close()
			var r result
			l.Accept(a, &r)
			return "", w.told(&r)
		}},
	{call: "Accept", when: "it is cancelled", is: ops.ErrCanceled,
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			defer l.Close()
			var r result
			l.Accept(new(platform.Conn), &r)
			l.Cancel()
			return "", w.told(&r)
		}},
	{call: "Accept", when: "the listener is closed", is: net.ErrClosed,
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			var r result
			l.Accept(new(platform.Conn), &r)
			l.Close()
			return "", w.told(&r)
		}},
	{call: "Accept", when: "no memory for the operation", is: allocator.ErrExhausted,
		happen: func(t *testing.T, w *world) (string, error) {
			l := w.listen("tcp", "127.0.0.1:0")
			defer l.Close()
			var r result
			l.Accept(new(platform.Conn), ops.WithAllocator(&r, allocator.Null[ops.Operation]{}))
			return "", w.told(&r)
		}},
	{call: "Read", when: "the peer has ended the stream", is: io.EOF,
		happen: func(t *testing.T, w *world) (string, error) {
			a, b := w.pair()
			b.Close()
			return "", w.readOf(a, nil)
		}},
	{call: "Read", when: "the peer has reset it", is: syscall.ECONNRESET, real: true,
		happen: func(t *testing.T, w *world) (string, error) {
			a, peer := w.peer()
			peer.SetLinger(0)
			peer.Close()
			return "", w.readOf(a, nil)
		}},
	{call: "Read", when: "it takes too long (ops.WithTimeout)", is: os.ErrDeadlineExceeded,
		happen: func(t *testing.T, w *world) (string, error) {
			a, _ := w.pair()
			var r result
			a.Read(make([]byte, 1), ops.WithTimeout(&r, time.Millisecond))
			return "", w.told(&r)
		}},
	{call: "Read", when: "it is cancelled", is: ops.ErrCanceled,
		happen: func(t *testing.T, w *world) (string, error) {
			a, _ := w.pair()
			return "", w.readOf(a, a.Cancel)
		}},
	{call: "Read", when: "the Conn is closed", is: net.ErrClosed,
		happen: func(t *testing.T, w *world) (string, error) {
			a, _ := w.pair()
			return "", w.readOf(a, func() { a.Close() })
		}},
	{call: "Write", when: "the Conn is closed", is: net.ErrClosed,
		happen: func(t *testing.T, w *world) (string, error) {
			a, _ := w.pair()
			a.Close()
			var r result
			a.Write([]byte("x"), &r)
			return "", w.told(&r)
		}},
}

// readOf reads from c, does something meanwhile, and returns what the handler is told.
func (w *world) readOf(c *platform.Conn, meanwhile func()) error {
	w.t.Helper()
	var r result
	c.Read(make([]byte, 1), &r)
	if meanwhile != nil {
		meanwhile()
	}
	return w.told(&r)
}

// line returns the row as the documentation has it.
func (r errorRow) line() string {
	cause := r.as
	if r.is != nil {
		cause = map[error]string{
			syscall.ECONNREFUSED: "syscall.ECONNREFUSED", syscall.EADDRINUSE: "syscall.EADDRINUSE", syscall.ECONNRESET: "syscall.ECONNRESET",
			syscall.ENOENT: "syscall.ENOENT", syscall.EMFILE: "syscall.EMFILE",
			os.ErrDeadlineExceeded: "os.ErrDeadlineExceeded", platform.ErrInUse: "ErrInUse", ops.ErrCanceled: "ops.ErrCanceled",
			net.ErrClosed: "net.ErrClosed", allocator.ErrExhausted: "allocator.ErrExhausted", io.EOF: "io.EOF",
		}[r.is]
	}
	where := r.op
	if r.where != "" {
		where += ", " + r.where
	}
	return strings.TrimRight(fmt.Sprintf("//\t%-9s%-37s%-25s%s", r.call, r.when, cause, where), " ")
}

// check says what is wrong with an error.
func (r errorRow) check(t *testing.T, err error, addr string) {
	t.Helper()
	if r.is != nil && !errors.Is(err, r.is) {
		t.Errorf("the error is %v, want %v", err, r.is)
	}
	if r.as != "" && r.as != fmt.Sprintf("%T", errors.Unwrap(err)) {
		t.Errorf("the error is %v with a %T, want a %s", err, errors.Unwrap(err), r.as)
	}
	e, ok := err.(*net.OpError)
	switch {
	case r.op == "":
		if ok {
			t.Errorf("the error is %v, and needs no place", err)
		}
		return
	case !ok || e.Op != r.op || !strings.HasPrefix(e.Net, "tcp") && e.Net != "unix" && e.Net != "udp":
		t.Fatalf("the error is %#v, want a *net.OpError of a %s", err, r.op)
	case (e.Addr != nil) != (r.where != "") || e.Addr != nil && e.Addr.String() != addr:
		t.Errorf("%v: the address is %v, want %q", err, e.Addr, addr)
	}
	var as net.Error
	if !errors.As(err, &as) || as.Timeout() != (r.is == os.ErrDeadlineExceeded) {
		t.Errorf("%v: it says that it is a timeout, or does not", err)
	}
}

// TestErrors has every error of the table come about, on every backend and on a
// simulated network.
func TestErrors(t *testing.T) {
	for _, row := range errorRows {
		if row.happen == nil {
			continue
		}
		t.Run(row.call+"/"+row.when, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				addr, err := row.happen(t, w)
				if addr == "" && row.where != "" {
					t.Skip("it cannot be had here")
				}
				row.check(t, err, addr)
			})
			if row.real {
				return
			}
			t.Run("sim", func(t *testing.T) {
				w := simulated(t)
				addr, err := row.happen(t, w)
				row.check(t, err, addr)
			})
		})
	}
}

// TestErrorTable compares the table in the documentation with what is tested.
func TestErrorTable(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range errorRows {
		if !strings.Contains(string(doc), row.line()+"\n") {
			t.Errorf("doc.go lacks the line\n%s", row.line())
		}
	}
}

// TestPlainErrorsAllocateNothing tells of accepts that the program cancels.
func TestPlainErrorsAllocateNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.runners > 0 {
			t.Skip("runners are goroutines, which are made for the test")
		}
		l := w.listen("tcp", "127.0.0.1:0")
		defer l.Close()
		var conns [10]platform.Conn
		calls := 0
		h := ops.HandlerFunc(func(_ int, err error) {
			if calls++; err != ops.ErrCanceled {
				t.Error(err)
			}
		})
		n := testing.AllocsPerRun(100, func() {
			for i := range conns {
				l.Accept(&conns[i], h)
			}
			l.Cancel()
			w.Run(context.Background())
		})
		if n > 1 && w.Backend() != "portable" || calls != 101*len(conns) { // a Run makes one
			t.Errorf("%v allocations for %d accepts that are cancelled; %d were told in all", n, len(conns), calls)
		}
	})
}

// nameless is a layer over a backend that knows no addresses, in which accepts fail.
type nameless struct{ backend.Backend }

func (nameless) Addr(*backend.Socket, bool) net.Addr { return nil }

func (n nameless) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind != ops.KindAccept {
		return n.Backend.Start(s, op)
	}
	op.Err = syscall.EMFILE
	return true
}

// TestErrorWithoutAddress has an accept fail on a listener whose address nobody knows: the
// error is that of the system.
func TestErrorWithoutAddress(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			w := m.open(t, platform.WithLayer(func(below backend.Backend) backend.Backend { return nameless{below} }))
			var r result
			w.listen("tcp", "127.0.0.1:0").Accept(new(platform.Conn), &r)
			w.run()
			r.want(t, 0, syscall.EMFILE)
		})
	}
}

// simulated returns a proactor on a network of its own that is simulated.
func simulated(t *testing.T, options ...platform.Option) *world {
	s := sim.New(sim.Seeded(1))
	p, err := platform.New(append(options, platform.WithCustomBackend(s.Backend), platform.SingleRunner())...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{p, mode{backend: "sim"}, t}
	t.Cleanup(func() { w.within("Close", func() { p.Close() }) })
	return w
}
