package ops_test

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// pair calls f, from a handler, with the two ends of a connection.
func pair(t *testing.T, p *platform.Proactor, f func(a, b *platform.Conn)) {
	t.Helper()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, b := new(platform.Conn), new(platform.Conn)
	var met atomic.Int32 // the two ends may be told by two runners
	both := ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			t.Error(err)
		}
		if met.Add(1) == 2 {
			l.Close()
			f(a, b)
		}
	})
	l.Accept(a, both)
	p.Connect(b, "tcp", l.Addr().String(), both)
}

func TestTimeout(t *testing.T) {
	const short, long = 5 * time.Millisecond, time.Minute
	for _, backend := range platform.Backends() {
		for _, test := range []struct {
			name    string
			timeout time.Duration
			send    string
			full    bool // read four bytes and not just some
			n       int
			err     error
		}{
			{"too late", short, "", false, 0, os.ErrDeadlineExceeded},
			{"at once", -1, "", false, 0, os.ErrDeadlineExceeded},
			{"in time", long, "ab", false, 2, nil},
			{"none", 0, "ab", false, 2, nil},
			{"in the midst of a composed read", short, "ab", true, 2, os.ErrDeadlineExceeded},
			{"composed read in time", long, "abcd", true, 4, nil},
		} {
			t.Run(backend+"/"+test.name, func(t *testing.T) {
				p := newProactor(t, platform.WithBackend(backend), platform.SingleRunner())
				buf := make([]byte, 4)
				called := 0
				pair(t, p, func(a, b *platform.Conn) {
					h := ops.WithTimeout(ops.HandlerFunc(func(n int, err error) {
						called++
						if n != test.n || !errors.Is(err, test.err) {
							t.Errorf("told %d, %v, want %d, %v", n, err, test.n, test.err)
						}
						if string(buf[:n]) != test.send[:n] {
							t.Errorf("read %q", buf[:n])
						}
						// The connection is none the worse for it.
						ops.Write(b, []byte("z"), ops.HandlerFunc(func(int, error) {}))
						ops.ReadFull(a, buf[:1], ops.HandlerFunc(func(n int, err error) {
							if n != 1 || err != nil || buf[0] != 'z' {
								t.Errorf("then %d, %v, %q", n, err, buf[:n])
							}
							a.Close()
							b.Close()
						}))
					}), test.timeout)
					if test.full {
						ops.ReadFull(a, buf, h)
					} else {
						a.Read(buf, h)
					}
					if test.send != "" {
						ops.WriteFull(b, []byte(test.send), ops.HandlerFunc(func(int, error) {}))
					}
				})
				run(t, p, 1)
				if called != 1 {
					t.Errorf("called %d times", called)
				}
			})
		}
	}
}

// A timeout that has passed must not touch the operation that uses the memory
// next: many operations end just as their time does.
func TestTimeoutRacesWithResult(t *testing.T) {
	for _, backend := range platform.Backends() {
		t.Run(backend, func(t *testing.T) {
			p := newProactor(t, platform.WithBackend(backend))
			const rounds = 300
			buf := make([]byte, 1)
			pair(t, p, func(a, b *platform.Conn) {
				timer := p.NewTimer()
				strand := ops.NewStrand(p) // what follows shares variables
				sent, read, waits := 0, 0, 0
				var h ops.Handler
				h = ops.HandlerFunc(func(n int, err error) {
					switch {
					case err == nil:
						read += n
					case err == io.EOF:
						a.Close()
						if read != sent {
							t.Errorf("read %d bytes of %d", read, sent)
						}
						return
					case !errors.Is(err, os.ErrDeadlineExceeded):
						t.Error(err)
						return
					}
					a.Read(buf, ops.WithTimeout(ops.WithExecutor(h, strand), 100*time.Microsecond))
				})
				h.Complete(0, nil)
				var next ops.Handler
				next = ops.WithExecutor(ops.HandlerFunc(func(int, error) {
					if waits++; waits > rounds {
						b.Close()
						return
					}
					sent++
					b.Write([]byte("x"), ops.WithExecutor(ops.HandlerFunc(func(int, error) {
						timer.Wait(time.Duration(waits%7)*50*time.Microsecond, next)
					}), strand))
				}), strand)
				timer.Wait(0, next)
			})
			run(t, p, 3)
		})
	}
}

func TestTimeoutOfWait(t *testing.T) {
	p := newProactor(t)
	var got error
	p.NewTimer().Wait(time.Hour, ops.WithTimeout(ops.HandlerFunc(func(_ int, err error) { got = err }), time.Millisecond))
	run(t, p, 1)
	if !errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("told %v", got)
	}
}

// The time of a composed operation also passes while its parts end at once.
func TestTimeoutOfPartsThatNeverWait(t *testing.T) {
	p := newProactor(t, platform.SingleRunner())
	var got error
	pair(t, p, func(a, b *platform.Conn) {
		var read ops.Handler
		buf := make([]byte, 1<<20)
		read = ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				b.Close()
				return
			}
			b.Read(buf, read)
		})
		b.Read(buf, read)
		ops.WriteFull(a, make([]byte, 256<<20), ops.WithTimeout(ops.HandlerFunc(func(_ int, err error) {
			got = err
			a.Close()
		}), time.Millisecond))
	})
	run(t, p, 1)
	if !errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("told %v", got)
	}
}
