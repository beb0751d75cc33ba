package netconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
)

// opError fails the test unless err is one of package net with a cause, and says what was
// done.
func (w *world) opError(err, cause error, what string, timeout bool) {
	w.Helper()
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || !errors.Is(err, cause) || op.Op != what || op.Net == "" || op.Addr == nil || op.Timeout() != timeout {
		w.Errorf("the error is %#v (%v), want %v in a net.OpError of %q", err, err, cause, what)
	}
}

// echo sends back what comes until the stream ends.
func echo(c net.Conn) error {
	defer c.Close()
	b := make([]byte, 4096)
	for {
		n, err := c.Read(b)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := c.Write(b[:n]); err != nil {
			return err
		}
	}
}

// TestEcho sends much through a connection, in both directions at once, in pieces of many
// sizes.
func TestEcho(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		served := w.ended(func() error { return echo(b) })
		text := bytes.Repeat([]byte("heirloom"), 1<<17)
		wrote := w.ended(func() error {
			for n := 0; n < len(text); {
				m, err := a.Write(text[n:min(len(text), n+1+n/3)])
				if n += m; err != nil {
					return err
				}
			}
			return a.CloseWrite()
		})
		got, err := io.ReadAll(a)
		if err != nil || !bytes.Equal(got, text) {
			w.Errorf("%d of %d bytes come back, %v", len(got), len(text), err)
		}
		if err := w.want("Write", wrote); err != nil {
			w.Error(err)
		}
		if err := w.want("echo", served); err != nil {
			w.Error(err)
		}
	})
}

// TestManyCallers has many goroutines read and write at once. No write is torn.
func TestManyCallers(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		const callers, size = 16, 64 << 10
		var writers sync.WaitGroup
		for i := range callers {
			writers.Go(func() {
				if n, err := a.Write(bytes.Repeat([]byte{byte('a' + i)}, size)); n != size || err != nil {
					w.Errorf("writes %d, %v", n, err)
				}
			})
		}
		got, err := io.ReadAll(io.LimitReader(b, callers*size))
		if err != nil {
			w.Fatal(err)
		}
		writers.Wait()
		for i := 0; i < len(got); i += size {
			if n := bytes.Count(got[i:i+size], got[i:i+1]); n != size {
				w.Fatalf("a write of %q has %d bytes of others in it", got[i], size-n)
			}
		}
		var readers sync.WaitGroup
		for range callers {
			readers.Go(func() {
				if n, err := b.Read(make([]byte, 1)); n != 1 || err != nil {
					w.Errorf("reads %d, %v", n, err)
				}
			})
		}
		if _, err := a.Write(make([]byte, callers)); err != nil {
			w.Error(err)
		}
		w.wait("Read", readers.Wait)
	})
}

// TestErrors has what ends a call end it, before and while it waits.
func TestErrors(t *testing.T) {
	each(t, func(w *world) {
		for _, test := range []struct {
			name    string
			end     func(a, b *netconn.Conn)
			cause   error
			timeout bool
		}{
			{"closed", func(a, _ *netconn.Conn) { a.Close() }, net.ErrClosed, false},
			{"deadline", func(a, _ *netconn.Conn) { a.SetDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded, true},
			{"deadline to come", func(a, _ *netconn.Conn) { a.SetDeadline(w.Now().Add(time.Millisecond)) }, os.ErrDeadlineExceeded, true},
		} {
			for _, waits := range []bool{true, false} {
				w.T.Run(fmt.Sprintf("%s, waits %v", test.name, waits), func(t *testing.T) {
					w := &world{w.Proactor, t, w.name, w.options, w.over}
					a, b := w.pair()
					read := func() error { _, err := a.Read(make([]byte, 1)); return err }
					write := func() error { _, err := a.Write(make([]byte, 32<<20)); return err }
					if waits {
						reads, writes := w.ended(read), w.ended(write)
						w.wait("until something is written", func() { b.Read(make([]byte, 1)) })
						test.end(a, b)
						w.opError(w.want("Read", reads), test.cause, "read", test.timeout)
						w.opError(w.want("Write", writes), test.cause, "write", test.timeout)
					} else {
						test.end(a, b)
						w.opError(w.want("Read", w.ended(read)), test.cause, "read", test.timeout)
						w.opError(w.want("Write", w.ended(write)), test.cause, "write", test.timeout)
					}
				})
			}
		}
	})
}

// TestDeadlineMoves has reads go on when their deadline is moved.
func TestDeadlineMoves(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		for range 3 {
			a.SetReadDeadline(time.Unix(1, 0))
			b.Write([]byte("x"))
			if n, err := a.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				w.Fatalf("reads %d, %v after the deadline", n, err)
			}
			a.SetReadDeadline(w.Now().Add(time.Hour))
			if n, err := a.Read(make([]byte, 1)); n != 1 || err != nil {
				w.Fatalf("reads %d, %v", n, err)
			}
		}
	})
}

// TestReset reads from and writes to a peer that has reset the connection.
func TestReset(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		b.Write([]byte("some"))
		a.Write([]byte("never read"))
		w.wait("until it has arrived", func() { io.ReadFull(a, make([]byte, 4)) })
		reads := w.ended(func() error { _, err := a.Read(make([]byte, 1)); return err })
		b.Close()
		w.opError(w.want("Read", reads), w.reset(), "read", false)
		var err error
		for range 1000 {
			if _, err = a.Write([]byte("x")); err != nil {
				break
			}
		}
		if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, w.reset()) {
			w.Errorf("writes to a peer that has gone: %v", err)
		}
	})
}

// reset returns what a reset connection is called.
func (w *world) reset() error {
	if runtime.GOOS == "windows" && !strings.HasPrefix(w.name, "sim") {
		return syscall.Errno(10054)
	}
	return syscall.ECONNRESET
}

// TestClosed uses what is closed.
func TestClosed(t *testing.T) {
	each(t, func(w *world) {
		a, _ := w.pair()
		local, remote := a.LocalAddr(), a.RemoteAddr()
		if err := a.Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
		for what, f := range map[string]func() error{
			"read":  func() error { _, err := a.Read(nil); return err },
			"write": func() error { _, err := a.Write(nil); return err },
			"close": a.Close,
			"set":   func() error { return a.SetDeadline(time.Time{}) },
		} {
			w.opError(w.want(what, w.ended(f)), net.ErrClosed, what, false)
		}
		if a.LocalAddr() != local || a.RemoteAddr() != remote {
			w.Errorf("the addresses are %v and %v by now", a.LocalAddr(), a.RemoteAddr())
		}
		l := w.listen("tcp")
		accepts := w.ended(func() error { _, err := l.Accept(); return err })
		if err := l.Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
		w.opError(w.want("Accept", accepts), net.ErrClosed, "accept", false)
		w.opError(l.Close(), net.ErrClosed, "close", false)
		w.opError(l.SetDeadline(time.Time{}), net.ErrClosed, "set", false)
		_, err := l.Accept()
		w.opError(err, net.ErrClosed, "accept", false)
	})
}

// TestAcceptDeadline has nobody connect, and then somebody.
func TestAcceptDeadline(t *testing.T) {
	each(t, func(w *world) {
		for _, network := range []string{"tcp", "unix"} {
			l := w.listen(network)
			l.SetDeadline(w.Now().Add(time.Millisecond))
			accepts := w.ended(func() error { _, err := l.Accept(); return err })
			w.opError(w.want("Accept", accepts), os.ErrDeadlineExceeded, "accept", true)
			l.SetDeadline(time.Time{})
			accepts = w.ended(func() error { _, err := l.Accept(); return err })
			d := netconn.Dialer{Proactor: w.Proactor}
			c, err := d.Dial(network, l.Addr().String())
			if err != nil {
				w.Fatal(err)
			}
			c.Close()
			if err := w.want("Accept", accepts); err != nil {
				w.Error(err)
			}
		}
	})
}

// TestProactorCloses closes the proactor while calls wait, and calls afterwards.
func TestProactorCloses(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		l := w.listen("tcp")
		packets, err := netconn.ListenPacket(w.Proactor, "udp", "127.0.0.1:0")
		if err != nil {
			w.Fatal(err)
		}
		d := netconn.Dialer{Proactor: w.Proactor}
		calls := map[string]func() error{
			"read":   func() error { _, err := a.Read(make([]byte, 1)); return err },
			"write":  func() error { _, err := a.Write(make([]byte, 32<<20)); return err },
			"accept": func() error { _, err := l.Accept(); return err },
			"packet": func() error { _, _, err := packets.ReadFrom(make([]byte, 1)); return err },
		}
		results := map[string]chan error{}
		for name, call := range calls {
			results[name] = w.ended(call)
		}
		w.wait("until something is written", func() { b.Read(make([]byte, 1)) })
		w.Close()
		for name, result := range results {
			err := w.want(name, result)
			// The other end of the connection may be closed first.
			gone := (name == "read" || name == "write") &&
				(err == io.EOF || errors.Is(err, w.reset()) || errors.Is(err, syscall.EPIPE))
			if !errors.Is(err, net.ErrClosed) && !gone {
				w.Errorf("%s: %v", name, err)
			}
		}
		calls["dial"] = func() error { _, err := d.Dial("tcp", l.Addr().String()); return err }
		calls["listen"] = func() error { _, err := netconn.Listen(w.Proactor, "tcp", "127.0.0.1:0"); return err }
		calls["dial udp"] = func() error { _, err := d.Dial("udp", "127.0.0.1:1"); return err }
		for name, call := range calls {
			if err := w.want(name, w.ended(call)); !errors.Is(err, net.ErrClosed) {
				w.Errorf("%s afterwards: %v", name, err)
			}
		}
		for _, c := range []io.Closer{a, b, l, packets} {
			w.wait("Close", func() { c.Close() })
		}
	})
}

// TestDial has what dials meet.
func TestDial(t *testing.T) {
	each(t, func(w *world) {
		l := w.listen("tcp")
		address := l.Addr().String()
		d := netconn.Dialer{Proactor: w.Proactor}

		done, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := d.DialContext(done, "tcp", address)
		w.opError(err, context.Canceled, "dial", false)

		late, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
		defer cancel()
		_, err = d.DialContext(late, "udp", address)
		w.opError(err, context.DeadlineExceeded, "dial", true)

		for _, network := range []string{"", "tcp7", "ip", "unixgram"} {
			_, err = d.Dial(network, address)
			if _, ok := errors.AsType[net.UnknownNetworkError](err); !ok {
				w.Errorf("dials the network %q: %v", network, err)
			}
		}
		for _, network := range []string{"tcp", "udp"} {
			if _, err = d.Dial(network, "127.0.0.1"); err == nil || !strings.Contains(err.Error(), "dial "+network) {
				w.Errorf("dials an address without a port: %v", err)
			}
		}
		l.Close()
		if !strings.HasSuffix(w.name, "single") { // else it may be closed a little later
			_, err = d.Dial("tcp", address)
			if !errors.Is(err, syscall.ECONNREFUSED) && runtime.GOOS != "windows" {
				w.Errorf("dials where nobody listens: %v", err)
			}
		}
	})
}

// stuck is a resolver that finds nothing until its context is done.
type stuck struct{ asked chan struct{} }

// TestDialCanceled ends a dial while it waits.
func TestDialCanceled(t *testing.T) {
	each(t, func(w *world) {
		if strings.HasPrefix(w.name, "sim") {
			w.Skip("the resolver is called by the goroutine that runs the proactor")
		}
		ctx, cancel := context.WithCancel(context.Background())
		r := stuck{make(chan struct{})}
		d := netconn.Dialer{Proactor: w.Proactor, Dialer: platform.Dialer{Resolver: r}}
		dials := w.ended(func() error { _, err := d.DialContext(ctx, "tcp", "nowhere.invalid:1"); return err })
		w.wait("the question", func() { <-r.asked })
		cancel()
		w.opError(w.want("Dial", dials), context.Canceled, "dial", false)
	})
}

// TestFromHandlers begins with handlers, and lets them go on.
func TestFromHandlers(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.pair()
		again := netconn.NewConn(a.Platform())
		if again.LocalAddr().String() != a.LocalAddr().String() || again.Platform() != a.Platform() {
			w.Errorf("%v and %v", again.LocalAddr(), a.LocalAddr())
		}
		read := make(chan int, 1)
		buf := make([]byte, 4)
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			again.Platform().Read(buf, ops.HandlerFunc(func(n int, _ error) { read <- n }))
		}))
		b.Write([]byte("text"))
		var n int
		w.wait("Read", func() { n = <-read })
		if string(buf[:n]) != "text" {
			w.Errorf("reads %q", buf[:n])
		}
	})
}

func TestMisuse(t *testing.T) {
	mustPanic := func(what string, f func()) {
		t.Helper()
		defer func() {
			if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), what) {
				t.Errorf("panics with %v, want %q", r, what)
			}
		}()
		f()
	}
	mustPanic("never opened", func() { netconn.NewConn(nil) })
	mustPanic("never opened", func() { netconn.NewConn(new(platform.Conn)) })
	mustPanic("never opened", func() { netconn.NewListener(nil) })
	mustPanic("never opened", func() { netconn.NewListener(new(platform.Listener)) })
	mustPanic("never opened", func() { netconn.NewPacketConn(nil) })
	mustPanic("never opened", func() { netconn.NewPacketConn(new(platform.PacketConn)) })
	mustPanic("nil Proactor", func() { new(netconn.Dialer).Dial("tcp", "127.0.0.1:1") })
}

func (s stuck) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	close(s.asked)
	<-ctx.Done()
	return nil, ctx.Err()
}
