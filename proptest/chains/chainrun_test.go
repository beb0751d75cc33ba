package chains

import (
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestNoProgress says that a step which is tried again without end is reported, with what its
// handler is called with each time, and that one which makes progress is not.
func TestNoProgress(t *testing.T) {
	register(t, Kind{Name: "write a byte", Partial: true, Write: func(conn *platform.Conn, data []byte, h ops.Handler) {
		conn.Write(data[:min(len(data), 1)], h)
	}})
	exhausted := func() allocator.Allocator[ops.Operation] { return allocator.Null[ops.Operation]{} }
	unreadable := func(options ...platform.Option) (*platform.Proactor, error) {
		return platform.New(append(options, platform.WithLayer(func(b backend.Backend) backend.Backend { return neverReadable{b} }))...)
	}
	long := stepProgram(Step{Kind: "write a byte"}, 0)
	long.Chains[0].Steps[2].Size, long.Chains[1].Steps[1].Size = 2*maxAttempts, 2*maxAttempts
	for _, test := range []struct {
		name string
		Program
		memory func() allocator.Allocator[ops.Operation]
		open   Opener
		want   string
	}{
		{"the allocator always fails", one, exhausted, nil, "was told 0, allocator: exhausted the 1000th time, without progress"},
		{"there is never anything to read", stepProgram(Step{Kind: "wait readable"}, 0), nil, unreadable, "was told 0, ops: nothing to read yet the 1000th time, without progress"},
		{"a byte at a time", long, nil, nil, "nothing is wrong"},
	} {
		c := newConfig([]Option{In(sim.Weather{}), Memory(test.memory)})
		c.open = test.open
		s := &simulation{program: test.Program, chooser: &recording{Chooser: sim.Calm}}
		if s.run(c); s.err != nil {
			t.Fatal(s.err)
		}
		found := "nothing is wrong"
		if len(s.violations) > 0 {
			found = s.violations[0].Text
		}
		if !strings.HasPrefix(found, test.want) {
			t.Errorf("%s: it says %q, want %q", test.name, found, test.want)
		}
	}
}

// neverReadable is a layer over a backend that says to every TryRead that there is nothing.
type neverReadable struct{ backend.Backend }

func (neverReadable) TryRead(*backend.Socket, []byte) (int, error) { return 0, ops.ErrWouldBlock }
