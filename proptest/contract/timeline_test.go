package contract

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/internal/memory"
)

// playOne starts an operation of the chain and ends it, as an engine would. If
// late is set it releases the block after the handler.
func playOne(l *Ledger, c *Chain, a allocator.Allocator[ops.Operation], text string, late bool, err error) {
	h := ops.WithAllocator(ops.HandlerFunc(func(int, error) {}), a)
	c.Start(text, h, func(h ops.Handler) {
		s, failed := ops.AllocatorOf[ops.Operation](h, nil).Allocate(1)
		l.record(event{kind: eventKernel, block: blockOf(s)})
		l.record(event{kind: eventKernelDone, block: blockOf(s)})
		defer func() {
			if failed == nil && late {
				a.Deallocate(s)
			}
		}()
		if failed == nil && !late {
			a.Deallocate(s)
		}
		done := make(chan struct{})
		go func() { // not inline
			defer close(done)
			h.Complete(0, errors.Join(err, failed))
		}()
		<-done
	})
}

func blockOf(s []ops.Operation) uintptr {
	block, _ := memory.Extent(s)
	return block
}

// TestTimeline draws a run by hand.
func TestTimeline(t *testing.T) {
	l := NewLedger()
	var chains []*Chain
	var sources []*Watched[ops.Operation]
	for _, name := range []string{"client", "server"} {
		c := l.Chain(name)
		chains = append(chains, c)
		sources = append(sources, Watch[ops.Operation](c, nil))
	}
	playOne(l, chains[0], sources[0], "connect", false, nil)
	playOne(l, chains[1], sources[1], "accept", false, nil)
	playOne(l, chains[0], sources[0], "write 64", false, nil)
	playOne(l, chains[1], sources[1], "read 64", true, nil)
	sources[0].Refuse(0, 1)
	playOne(l, chains[0], sources[0], "write 64 more", false, nil)
	playOne(l, chains[0], sources[0], "write 64 more", false, context.Canceled)

	want := `
[─] block allocated   ═ backend has it   (1) handler, on runner 1   × allocator failed   † abandoned   • other
        ╷t                  ╷t
client  [══]()      [══]()      ×()[══]()
        connect     write 64     … wr… !context canceled
server        [══]()      [══()]
              accept      read 64
                             ▲ 4 ReleasedFirst
`
	l.Finish()
	got := "\n" + regexp.MustCompile(`╷\d+\.\d+ ms( *)`).ReplaceAllStringFunc(l.Timeline().String(), func(s string) string {
		return "╷t" + strings.Repeat(" ", len([]rune(s))-2)
	})
	got = regexp.MustCompile(` +\n`).ReplaceAllString(got, "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the picture differs (-want +got):\n%s", diff)
	}
}

// TestTimelineWindow says that a long run is drawn around its first violation.
func TestTimelineWindow(t *testing.T) {
	l := NewLedger()
	c := l.Chain("long")
	a := Watch[ops.Operation](c, nil)
	for n := range 300 {
		playOne(l, c, a, fmt.Sprint("operation ", n), n == 150, nil)
	}
	l.Finish()
	text := l.Timeline().String()
	for _, want := range []string{"4 ReleasedFirst", "ticks before", "ticks after"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n > 20 {
		t.Errorf("the picture has %d rows", n)
	}
}
