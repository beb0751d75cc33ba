package platform_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// BenchmarkEngine measures what the library adds to the kernel's part of a message
// that an echo server reads and writes: the two operations, their memory and
// handlers, on a backend whose reads end at each poll and whose writes end at once.
// The sessions are many, so that they do not all fit the processor's cache.
func BenchmarkEngine(b *testing.B) {
	for _, conns := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("conns=%d", conns), func(b *testing.B) {
			p := benchProactor(b, platform.SingleRunner(), platform.WithCustomBackend(func(host backend.Host) (backend.Backend, error) {
				return &eager{host: host}, nil
			}))
			rounds := b.N + conns
			ends := make([]benchEnd, conns)
			for i := range ends {
				p.Connect(&ends[i].conn, "tcp", "127.0.0.1:7", ops.HandlerFunc(func(int, error) {}))
			}
			benchRun(b, p)
			for i := range ends {
				ends[i].rounds = &rounds
				(*benchSent)(&ends[i]).Complete(0, nil)
			}
			b.ReportAllocs()
			b.ResetTimer()
			benchRun(b, p)
		})
	}
}

// eager is a kernel that always has data and always takes it.
type eager struct {
	host  backend.Host
	reads []*ops.Operation
	other []*ops.Operation // of the poll before
}

func (e *eager) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindRead {
		e.reads = append(e.reads, op)
		return false
	}
	op.N = len(op.Buf)
	return true
}

func (e *eager) Poll(time.Duration) {
	e.reads, e.other = e.other[:0], e.reads
	for _, op := range e.other {
		op.N = benchMessage
		e.host.Completed(op)
	}
}

func (e *eager) NewSocket() *backend.Socket                                          { return new(backend.Socket) }
func (e *eager) FreeSocket(*backend.Socket)                                          {}
func (e *eager) Name() string                                                        { return "eager" }
func (e *eager) Listen(*backend.Socket, string, string, backend.ListenOptions) error { return nil }
func (e *eager) ListenPacket(*backend.Socket, string, string, backend.ListenOptions) error {
	return nil
}
func (e *eager) Cancel(*backend.Socket, *ops.Operation) bool   { return true }
func (e *eager) TryRead(*backend.Socket, []byte) (int, error)  { return 0, ops.ErrWouldBlock }
func (e *eager) TryWrite(*backend.Socket, []byte) (int, error) { return 0, ops.ErrWouldBlock }
func (e *eager) CloseWrite(*backend.Socket) error              { return nil }
func (e *eager) CloseSocket(*backend.Socket) error             { return nil }
func (e *eager) Addr(*backend.Socket, bool) net.Addr           { return nil }
func (e *eager) Wake()                                         {}
func (e *eager) Now() int64                                    { return 0 }
func (e *eager) Shutdown()                                     {}
