package platform_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// BenchmarkGroup measures whether the proactors of a group keep each other back: a
// message, on a backend that needs no kernel (see BenchmarkEngine), where as many loops
// as there are processors run at the same time. Of-alone is how long they take as a part
// of what one loop takes for as many messages, in turn with it; it is 1 if they share
// nothing and nobody else needs the processors.
func BenchmarkGroup(b *testing.B) {
	alone, all := newGroupLoad(b, 1), newGroupLoad(b, runtime.GOMAXPROCS(0))
	alone.run(b, 1000)
	all.run(b, 1000)
	const slices = 10
	var tookAlone, took time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	for i := range slices {
		n := b.N*(i+1)/slices - b.N*i/slices
		took += all.run(b, n)
		b.StopTimer()
		tookAlone += alone.run(b, n)
		b.StartTimer()
	}
	b.StopTimer()
	b.ReportMetric(float64(took)/float64(max(1, tookAlone)), "of-alone")
}

// A groupLoad is the loops of a group and what each has to do.
type groupLoad struct {
	group *platform.Group
	loops []*groupLoop
}

type groupLoop struct {
	rounds int
	ends   [64]benchEnd
}

func newGroupLoad(b *testing.B, n int) *groupLoad {
	b.Helper()
	g, err := platform.NewGroup(n, platform.WithCustomBackend(func(host backend.Host) (backend.Backend, error) {
		return &eager{host: host}, nil
	}))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.Close() })
	l := &groupLoad{group: g}
	for range n {
		l.loops = append(l.loops, new(groupLoop))
	}
	return l
}

// run has each loop do n messages.
func (l *groupLoad) run(b *testing.B, n int) time.Duration {
	began := time.Now()
	for i, p := range l.group.Proactors() {
		loop := l.loops[i]
		loop.rounds = n
		for j := range loop.ends {
			loop.ends[j].rounds = &loop.rounds
			p.Connect(&loop.ends[j].conn, "tcp", "127.0.0.1:7", (*groupConnected)(&loop.ends[j]))
		}
	}
	if err := l.group.Run(context.Background()); err != nil {
		b.Error(err)
	}
	return time.Since(began)
}

// groupConnected is an end as the handler of its connect.
type groupConnected benchEnd

func (e *groupConnected) Complete(_ int, err error) {
	if err == nil {
		(*benchEnd)(e).write(benchMessage)
	}
}

var _ ops.Handler = (*groupConnected)(nil)
