package chains

import (
	"slices"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// lateUses are faults that only what becomes of a session's memory brings to
// light: engines that use it once more when its last handler has returned.
var lateUses = []struct {
	fault string
	use   func(c *chainRun, e *end)
	found string // what a report says, or one of them does
}{
	{"a Conn is looked at", func(_ *chainRun, e *end) {
		if over(e) {
			e.conn.Proactor().Backend()
		}
	}, "nil pointer"},
	{"a Conn is closed once more", func(_ *chainRun, e *end) {
		if over(e) && e.disposal() != Scribbled { // whose lock would be waited for without end
			e.conn.Close()
		}
	}, "use of closed network connection"},
	{"a Conn is written to", func(c *chainRun, e *end) {
		if over(e) && c.run.conns.watches(e.conn) { // or it breaks more than that
			*e.conn = platform.Conn{}
		}
	}, "was written to after its last handler"},
	{"a Timer is cancelled", func(c *chainRun, _ *end) {
		if c.over && c.timer != nil {
			c.timer.Cancel()
		}
	}, "the Timer has no Proactor"},
}

// over reports whether an end is one whose Conn nobody is to use any more.
func over(e *end) bool { return e != nil && e.conn != nil && e.chains.Load() == 0 }

// watches reports whether x was disposed of and nobody may write to it.
func (s *stock[T]) watches(x *T) bool { return s.left[x].bytes != nil }

// usingLate has an engine use the memory of a session after each of its handlers.
func usingLate(use func(c *chainRun, e *end)) func(ops.Handler) ops.Handler {
	return falsify(func(f *falsified, _ *source) {
		f.complete = func(n int, err error) {
			c := chainOf(f.Handler)
			e := c.end
			f.Handler.Complete(n, err)
			use(c, e)
		}
	})
}

// kept returns the program with the memory of each session kept to itself.
func (p Program) kept() Program {
	p.Links, p.Chains = slices.Clone(p.Links), slices.Clone(p.Chains)
	for i := range p.Links {
		p.Links[i].Disposal, p.Links[i].Reuse = [2]Disposal{}, false
	}
	for i := range p.Chains {
		p.Chains[i].Disposal = Kept
	}
	return p
}

// TestLateUses says that an engine which uses the memory of a session after its
// last handler is found out, and that it is not if the memory stays what it was.
func TestLateUses(t *testing.T) {
	for _, m := range lateUses {
		t.Run(m.fault, func(t *testing.T) {
			caught, found := 0, false
			for seed := range uint64(checks) {
				p := drawSized(Seed(seed), 1, simulatedSizes)
				run := func(p Program) *Report {
					r, err := RunSimulated(p, Seed(seed), Wrapping(usingLate(m.use)))
					if err != nil {
						t.Fatal(err)
					}
					return r
				}
				if r := run(p.kept()); len(r.Violations) > 0 {
					t.Fatalf("it is seen in memory that is kept:\n%s", r)
				}
				if r := run(p); len(r.Violations) > 0 {
					caught++
					found = found || strings.Contains(r.String(), m.found)
				}
			}
			if caught == 0 || !found {
				t.Errorf("caught by %d of %d programs, and said to be %q: %v", caught, checks, m.found, found)
			}
			t.Logf("caught by %d of %d programs", caught, checks)
		})
	}
}

// TestDisposalText says that a program tells what becomes of its memory.
func TestDisposalText(t *testing.T) {
	p := Program{
		Links:  []Link{{Network: "tcp", Disposal: [2]Disposal{Recycled, Elsewhere}, Apart: true}},
		Chains: []Chain{{Name: "alone", Disposal: Scribbled}, {Name: "kept"}},
	}
	for _, want := range []string{
		"link 0: tcp; the Conns are recycled and opened elsewhere by another goroutine afterwards\n",
		"chain 0 alone: bound; the timer is scribbled over afterwards\n",
		"chain 1 kept: bound\n",
	} {
		if got := p.String(); !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}

// A sample is memory as that of a session is: with numbers and pointers.
type sample struct {
	number uint32
	open   bool
	next   *sample
	many   [2]int
}

// TestDisposed says that each way to dispose of memory does what it says.
func TestDisposed(t *testing.T) {
	s := newStock[sample]()
	take := func(n int) *sample {
		x := s.take()
		x.many[0], x.next = n, x
		return x
	}
	first, second, third, fourth := take(1), take(2), take(3), take(4)
	s.dispose(first, Cleared, "the first")
	s.dispose(second, CopiedOver, "the second")
	s.dispose(third, Scribbled, "the third")
	s.dispose(fourth, Recycled, "the fourth")
	switch {
	case *first != sample{}:
		t.Errorf("cleared: %+v", *first)
	case second.many[0] != 1 || second.next != first:
		t.Errorf("copied over by the first: %+v", *second)
	case third.next != third || third.many[0] == 3 || third.many[1] == 0 || third.number == 0 || !third.open:
		t.Errorf("scribbled over, but for the pointer: %+v", *third)
	case take(5) != fourth:
		t.Error("what was recycled is not handed out again")
	}
	if wrong := s.inspect(); len(wrong) > 0 {
		t.Errorf("nobody has written to them: %q", wrong)
	}
	first.open = true
	want := "the first was written to after its last handler"
	if wrong := s.inspect(); len(wrong) != 1 || !strings.Contains(wrong[0], want) {
		t.Errorf("%q, want %q", wrong, want)
	}
	if wrong := s.reclaim(first); !strings.Contains(wrong, want) || *first != (sample{}) {
		t.Errorf("reclaimed %+v: %q, want zero and %q", *first, wrong, want)
	}
	if wrong := append(s.inspect(), s.reclaim(third)); len(wrong) != 1 || wrong[0] != "" {
		t.Errorf("nobody has written to what is left: %q", wrong)
	}
}

// TestSharedConn says that a Conn that was kept, and is opened again, is not disposed of while
// somebody may still cancel what its first end had.
func TestSharedConn(t *testing.T) {
	links := []Link{
		{Network: "tcp"},
		{Network: "tcp", Reuse: true},
		{Network: "tcp", Reuse: true, Disposal: [2]Disposal{Scribbled, Kept}},
	}
	r := newRun(Program{Links: links}, config{})
	defer r.clean()
	var err error
	if r.proactor, err = platform.New(); err != nil {
		t.Fatal(err)
	}
	defer r.proactor.Close()
	if err := r.listen(); err != nil {
		t.Fatal(err)
	}
	first, last := r.links[0].ends[0], r.links[2].ends[0]
	first.users.n.Add(1) // who cancels
	for _, l := range r.links {
		r.open(l.ends[0]).Close()
		l.ends[0].users.leave()
	}
	if first.conn == nil || first.conn != last.conn {
		t.Fatal("they have two Conns")
	}
	if r.conns.watches(last.conn) {
		t.Error("the Conn was disposed of while it may be used")
	}
	first.users.leave()
	if !r.conns.watches(last.conn) {
		t.Error("the Conn was never disposed of")
	}
}
