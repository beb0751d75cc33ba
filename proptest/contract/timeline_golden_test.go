package contract_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTimelineSVGGolden draws the picture in the README.
func TestTimelineSVGGolden(t *testing.T) {
	var picture bytes.Buffer
	if err := echoReleasedLate(t).WriteSVG(&picture, "An echo whose last write is released too late"); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "timeline.svg")
	if *update {
		if err := os.WriteFile(file, picture.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))), picture.String()); diff != "" {
		t.Errorf("the picture differs from %s; with -update it is written anew (-want +got):\n%s", file, diff)
	}
}

// echoReleasedLate runs an echo in a simulated world. The engine, as it appears
// to the ledger, releases the memory of the server's last write after the
// handler, and not before it.
func echoReleasedLate(t *testing.T) *contract.Timeline {
	ledger := contract.NewLedger()
	world := sim.New(sim.Calm, sim.Alone())
	options := append(ledger.Options(), platform.WithCustomBackend(world.Backend), platform.SingleRunner())
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := p.Listen("tcp", "10.0.0.1:7")
	if err != nil {
		t.Fatal(err)
	}
	serve := newEcho(ledger, "server")
	ask := newEcho(ledger, "client")
	serve.do("accept", func(h ops.Handler) { listener.Accept(&serve.conn, h) })
	serve.do("read 64", func(h ops.Handler) { ops.ReadFull(&serve.conn, serve.buf[:], h) })
	serve.do("write 64", func(h ops.Handler) { ops.WriteFull(&serve.conn, serve.buf[:], newLate(h)) })
	ask.do("connect", func(h ops.Handler) { p.Connect(&ask.conn, "tcp", "10.0.0.1:7", h) })
	ask.do("write 64", func(h ops.Handler) { ops.WriteFull(&ask.conn, ask.buf[:], h) })
	ask.do("read 64", func(h ops.Handler) { ops.ReadFull(&ask.conn, ask.buf[:], h) })
	ask.do("read 1", func(h ops.Handler) { ask.conn.Read(ask.buf[:1], h) })
	serve.Complete(0, nil)
	ask.Complete(0, nil)
	if err := ledger.Run(context.Background(), p); err != nil {
		t.Fatal(err)
	}
	ledger.Close(p)
	ledger.Finish()
	return ledger.Timeline()
}

// An echo is a side of a conversation: a chain of operations, each started by
// the handler of the one before. At the end it closes its connection.
type echo struct {
	chain  *contract.Chain
	memory allocator.Allocator[ops.Operation]
	conn   platform.Conn
	buf    [64]byte
	steps  []func()
}

func newEcho(l *contract.Ledger, name string) *echo {
	c := l.Chain(name)
	return &echo{chain: c, memory: contract.Watch[ops.Operation](c, nil)}
}

func (e *echo) do(text string, start func(h ops.Handler)) {
	e.steps = append(e.steps, func() { e.chain.Start(text, e, start) })
}

func (e *echo) Allocator() allocator.Allocator[ops.Operation] { return e.memory }

func (e *echo) Complete(int, error) {
	if len(e.steps) == 0 {
		e.conn.Close()
		return
	}
	next := e.steps[0]
	e.steps = e.steps[1:]
	next()
}

// late is what an engine with a fault looks like from outside: it releases the
// memory of an operation when the handler has returned.
type late struct {
	ops.Handler
	lateMemory
}

type lateMemory struct {
	allocator.Allocator[ops.Operation]
	released []ops.Operation
}

func newLate(h ops.Handler) *late {
	return &late{Handler: h, lateMemory: lateMemory{Allocator: ops.AllocatorOf[ops.Operation](h, nil)}}
}

func (m *lateMemory) Deallocate(s []ops.Operation) { m.released = s }

func (l *late) Allocator() allocator.Allocator[ops.Operation] { return &l.lateMemory }
func (l *late) Unwrap() ops.Handler                           { return l.Handler }

func (l *late) Complete(n int, err error) {
	l.Handler.Complete(n, err)
	l.lateMemory.Allocator.Deallocate(l.released)
}
