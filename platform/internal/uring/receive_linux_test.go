package uring_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/uring"
)

// A stream is a connection on a ring, with what the ring knows of it, and its other end.
type stream struct {
	*platform.Proactor
	b    *uring.Backend
	s    *backend.Socket
	conn platform.Conn
	peer *net.TCPConn
}

func newStream(t *testing.T, options ...platform.Option) *stream {
	t.Helper()
	needRing(t)
	st := new(stream)
	p, err := platform.New(append(options, platform.WithBackend("io_uring"), platform.WithLayer(func(below backend.Backend) backend.Backend {
		st.b = below.(*uring.Backend)
		return reads{below, &st.s}
	}))...)
	if err != nil {
		t.Fatal(err)
	}
	st.Proactor = p
	t.Cleanup(func() { p.Close() })
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	st.peer = peer.(*net.TCPConn)
	st.run(t, func(h ops.Handler) { l.Accept(&st.conn, h) })
	return st
}

// run starts an operation and waits until it has ended.
func (st *stream) run(t *testing.T, start func(ops.Handler)) (n int) {
	t.Helper()
	start(ops.HandlerFunc(func(m int, err error) {
		if n = m; err != nil {
			t.Error(err)
		}
		st.Stop()
	}))
	if err := st.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return n
}

// reads is a layer that keeps the socket that is read from.
type reads struct {
	backend.Backend
	s **backend.Socket
}

func (r reads) Start(s *backend.Socket, op *ops.Operation) bool {
	if backend.SideOf(op.Kind) == backend.Reading && op.Kind != ops.KindAccept {
		*r.s = s
	}
	return r.Backend.Start(s, op)
}

// TestReadRequests counts the requests that one message after the other takes.
func TestReadRequests(t *testing.T) {
	const messages = 20
	for mode, want := range map[uring.ReceiveMode]struct{ once, multi int }{
		uring.Adaptive:  {messages, 0},
		uring.OneShot:   {messages, 0},
		uring.Multishot: {0, 1},
	} {
		for _, vectored := range []bool{false, true} {
			t.Run(fmt.Sprintf("mode=%d/vectored=%v", mode, vectored), func(t *testing.T) {
				st := newStream(t, platform.SingleRunner())
				st.b.ReceiveBy(mode)
				buf := make([]byte, 8)
				for range messages {
					st.peer.Write([]byte("x"))
					st.run(t, func(h ops.Handler) {
						if vectored {
							st.conn.ReadVectored([][]byte{buf[:1], buf[1:]}, h)
						} else {
							st.conn.Read(buf, h)
						}
					})
				}
				if once, multi := uring.Reads(st.s); once != want.once || multi != want.multi {
					t.Errorf("%d requests for one read and %d for all, want %d and %d", once, multi, want.once, want.multi)
				}
			})
		}
	}
}

// TestModeLeft has a stream that receives again and again read once, and the other way
// around: each takes effect with the first message after it, and not at every one.
func TestModeLeft(t *testing.T) {
	st := newStream(t, platform.SingleRunner())
	buf := make([]byte, 8)
	read := func(mode uring.ReceiveMode, messages, wantOnce, wantMulti int) {
		t.Helper()
		st.b.ReceiveBy(mode)
		for range messages {
			// It waits before the message comes.
			st.run(t, func(h ops.Handler) {
				st.conn.Read(buf, h)
				st.Flush(t)
				st.peer.Write([]byte("x"))
			})
		}
		if once, multi := uring.Reads(st.s); once != wantOnce || multi != wantMulti {
			t.Errorf("%d requests for one read and %d for all, want %d and %d", once, multi, wantOnce, wantMulti)
		}
	}
	read(uring.Multishot, 5, 0, 1)
	read(uring.OneShot, 5, 5, 1)
	read(uring.Multishot, 5, 5, 2)
}

// Flush hands the kernel what was started, as the end of Run does.
func (st *stream) Flush(t *testing.T) {
	t.Helper()
	st.b.Flush()
}

// TestModeChanges reads a stream in all ways while its mode changes between any two
// reads: nothing is lost and everything comes in order.
func TestModeChanges(t *testing.T) {
	for _, single := range []bool{true, false} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("single=%v/seed=%d", single, seed), func(t *testing.T) {
				var options []platform.Option
				if single {
					options = append(options, platform.SingleRunner())
				}
				if seed%2 != 0 { // it is decided when the ring is opened
					defer uring.Receive.Store(uring.Receive.Swap(int32(uring.Unlimited)))
				}
				st := newStream(t, options...)
				random := rand.New(rand.NewPCG(seed, 0))
				sent := make([]byte, 256<<10)
				for i := range sent {
					sent[i] = byte(random.Uint32())
				}
				sizes := rand.New(rand.NewPCG(seed, 1))
				go func() {
					for rest := sent; len(rest) > 0; {
						n := min(len(rest), 1+sizes.IntN(4000))
						st.peer.Write(rest[:n])
						rest = rest[n:]
					}
					st.peer.CloseWrite()
				}()
				var got []byte
				buf := make([]byte, 20<<10)
				var next func()
				took := func(n int, err error) {
					got = append(got, buf[:n]...)
					switch err {
					case nil, ops.ErrWouldBlock, ops.ErrCanceled:
						next()
					case io.EOF:
					default:
						t.Error(err)
					}
				}
				next = func() {
					st.b.ReceiveBy(uring.ReceiveMode(random.IntN(3)))
					b := buf[:1+random.IntN(3000)]
					switch random.IntN(5) {
					case 0:
						i := random.IntN(len(b))
						st.conn.ReadVectored([][]byte{b[:i], b[i:]}, ops.HandlerFunc(took))
					case 1:
						st.conn.WaitReadable(ops.HandlerFunc(func(_ int, err error) {
							n := 0
							if err == nil {
								n, err = st.conn.TryRead(b)
							}
							took(n, err)
						}))
					case 2:
						st.conn.Read(buf, ops.HandlerFunc(took)) // straight into the buffer
					case 3:
						st.conn.Read(b, ops.HandlerFunc(took))
						st.conn.Cancel()
					default:
						st.conn.Read(b, ops.HandlerFunc(took))
					}
				}
				next()
				if err := st.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, sent) {
					t.Fatalf("read %d of %d bytes, equal up to byte %d", len(got), len(sent), equal(got, sent))
				}
			})
		}
	}
}

// equal returns how many bytes two slices have in common at their beginning.
func equal(a, b []byte) (n int) {
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
