package chains

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/race"
)

// A mutant is an engine, a handler or an allocator with a deliberate fault, of
// which the ledger must say that it breaks the given clause.
type mutant struct {
	clause contract.Clause
	fault  string

	wrap   func(ops.Handler) ops.Handler
	memory func() allocator.Allocator[ops.Operation]
	open   Opener
	runs   int  // fixed number of runners, if not 0
	stays  bool // closing the proactor may show it as a breach of clause 11
	racy   bool // the fault is a data race, which the race detector would report
}

// checks is the default number of programs that Platform runs.
const checks = 100

// smallest is the most steps that are left of a program which shows a mutant: those that
// close the proactor need an operation that is outstanding, and the step that closes it.
const smallest = 2

// shrinkRuns is the most runs that it may take to make the programs of all mutants smaller. It
// takes about 640. On a real platform the number varies.
const shrinkRuns = 1000

// TestMutants says that every deliberate fault is found, as a breach of the clause that it
// is of, and that what fails becomes a small program. The table of them is in
// testdata/mutants.md.
func TestMutants(t *testing.T) {
	rows := []string{
		"| clause | fault | found by check | steps before | steps when smaller |",
		"|---|---|--:|--:|--:|",
	}
	all := mutants()
	runs := 0
	for _, m := range all {
		t.Run(m.clause.Name()+"/"+m.fault, func(t *testing.T) {
			if m.racy && race.Enabled {
				t.Skip("the race detector reports this fault itself")
			}
			var larger string
			for range 3 { // on a real platform a program may fail in one run, and not in another
				n, before, small := m.hunt(t)
				if larger = small.larger(smallest); larger == "" {
					rows = append(rows, fmt.Sprintf("| %v | %s | %d | %d | %d |", m.clause, m.fault, n, before.steps(), small.program.steps()))
					runs += small.runs
					return
				}
			}
			t.Error(larger)
		})
	}
	t.Logf("all programs were made smaller in %d runs", runs)
	if runs > shrinkRuns {
		t.Errorf("all programs were made smaller in %d runs, want at most %d", runs, shrinkRuns)
	}
	keepTable(t, "mutants.md", rows, len(all), false)
}

// hunt returns by which check the mutant was found, by which program, and what became of
// that when it was made smaller.
func (m mutant) hunt(t *testing.T) (check int, before Program, small *shrinking) {
	open, runs := m.open, m.runs
	if open == nil {
		open = openSimplest
	}
	if runs == 0 {
		runs = 1
	}
	run := func(p Program, _ []uint64) (*Report, error) {
		return Run(p, open, Wrapping(m.wrap), Memory(m.memory), Patience(300*time.Millisecond))
	}
	for n := range checks {
		program := draw(Seed(uint64(n)), runs)
		report, err := run(program, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Violations) == 0 {
			continue
		}
		v := report.Violations[0]
		switch {
		case m.stays && program.closes() && v.Clause == contract.Abandonment:
			continue
		case v.Clause != m.clause:
			t.Fatalf("check %d was to find clause %v broken, and found\n%s", n+1, m.clause, report)
		}
		for _, text := range []string{v.Error(), report.Timeline.String()} {
			if !strings.Contains(text, m.clause.String()) {
				t.Fatalf("the clause %v is not named in\n%s", m.clause, text)
			}
		}
		t.Logf("caught by check %d: %v", n+1, v)
		if testing.Verbose() {
			t.Logf("\n%s", report.Timeline)
		}
		return n + 1, program, shrink(report, nil, false, run)
	}
	t.Fatalf("not caught by %d checks", checks)
	panic("unreachable")
}

// closes reports whether the program closes the proactor.
func (p Program) closes() bool {
	for _, c := range p.Chains {
		if slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Kind == "stop" }) {
			return true
		}
	}
	return false
}

func mutants() []mutant {
	return []mutant{
		{clause: contract.Associated, fault: "a wrapper loses the outermost", wrap: loseOutermost},
		{clause: contract.Associated, fault: "memory from elsewhere", wrap: falsify(func(f *falsified, _ *source) {
			f.alloc = allocator.Heap[ops.Operation]{}
		})},

		{clause: contract.Default, fault: "used although one is associated", wrap: func(h ops.Handler) ops.Handler {
			return &hiding{h, ops.CancelSlotOf(h)}
		}},
		{clause: contract.Default, fault: "not used", open: func(options ...platform.Option) (*platform.Proactor, error) {
			return platform.New(append(options, platform.WithAllocator(allocator.Heap[ops.Operation]{}))...)
		}},
		{clause: contract.Default, fault: "that of another chain instead", wrap: borrow()},

		{clause: contract.SameBlock, fault: "released twice", wrap: falsify(func(_ *falsified, a *source) {
			a.deallocate = func(s []ops.Operation) {
				a.Allocator.Deallocate(s)
				a.Allocator.Deallocate(s)
			}
		}), memory: forgiving},
		{clause: contract.SameBlock, fault: "a copy released", wrap: falsify(func(_ *falsified, a *source) {
			a.deallocate = func(s []ops.Operation) { a.Allocator.Deallocate(append([]ops.Operation(nil), s...)) }
		}), memory: forgiving},
		{clause: contract.SameBlock, fault: "released to the default", wrap: func(h ops.Handler) ops.Handler {
			return falsify(func(_ *falsified, a *source) {
				a.deallocate = chainOf(h).run.ledger.Default().Deallocate
			})(h)
		}},

		{clause: contract.ReleasedFirst, fault: "after the handler", wrap: releaseLate(func(error) bool { return true })},
		{clause: contract.ReleasedFirst, fault: "after the handler if cancelled", wrap: releaseLate(func(err error) bool {
			return errors.Is(err, ops.ErrCanceled)
		})},
		{clause: contract.ReleasedFirst, fault: "never", stays: true, wrap: falsify(func(_ *falsified, a *source) {
			a.deallocate = func([]ops.Operation) {}
		})},

		{clause: contract.OneAtATime, fault: "two goroutines", wrap: overlapCalls},
		{clause: contract.OneAtATime, fault: "a call inside a call", wrap: reenter, memory: func() allocator.Allocator[ops.Operation] {
			return &source{Allocator: allocator.Heap[ops.Operation]{}}
		}},

		{clause: contract.AnyGoroutine, fault: "allocates", wrap: falsify(func(_ *falsified, a *source) {
			a.allocate = func(n int) (s []ops.Operation, err error) {
				elsewhere(func() { s, err = a.Allocator.Allocate(n) })
				return s, err
			}
		})},
		{clause: contract.AnyGoroutine, fault: "releases", wrap: falsify(func(_ *falsified, a *source) {
			a.deallocate = func(s []ops.Operation) { elsewhere(func() { a.Allocator.Deallocate(s) }) }
		})},

		{clause: contract.OnceAndLater, fault: "inline", wrap: falsify(func(f *falsified, a *source) {
			a.allocate = func(n int) ([]ops.Operation, error) {
				s, err := a.Allocator.Allocate(n)
				if err == nil {
					f.Handler.Complete(0, nil)
				}
				return s, err
			}
		})},
		{clause: contract.OnceAndLater, fault: "twice", wrap: falsify(func(f *falsified, _ *source) {
			f.complete = func(n int, err error) {
				f.Handler.Complete(n, err)
				if !errors.Is(err, allocator.ErrExhausted) { // for which clause 10 says the same
					f.Handler.Complete(n, err)
				}
			}
		})},
		{clause: contract.OnceAndLater, fault: "never", stays: true, wrap: falsify(func(f *falsified, _ *source) {
			f.complete = func(int, error) {}
		})},
		{clause: contract.OnceAndLater, fault: "never if cancelled", wrap: falsify(func(f *falsified, _ *source) {
			f.complete = func(n int, err error) {
				if !errors.Is(err, ops.ErrCanceled) {
					f.Handler.Complete(n, err)
				}
			}
		})},
		callAbandoned(),

		{clause: contract.Stable, fault: "released while the backend has it", open: openReluctant(func(b backend.Backend, below *reluctant) backend.Backend {
			l := &liar{Backend: b}
			l.cancel = func(s *backend.Socket, op *ops.Operation) bool {
				released := b.Cancel(s, op)
				// What the backend below has not let go of either, it would
				// write to: a worker to the result of a file's operation.
				return released || below.drop(op)
			}
			return l
		})},
		{clause: contract.Stable, fault: "moved", open: openMoving},
		{clause: contract.Stable, fault: "reused", memory: sameForAll(), racy: true},
		{clause: contract.Stable, fault: "written after the release", wrap: falsify(func(_ *falsified, a *source) {
			a.deallocate = func(s []ops.Operation) {
				a.Allocator.Deallocate(s)
				s[0].N = 1
			}
		})},

		{clause: contract.Exhaustion, fault: "the handler is never told", wrap: onExhaustion(func(*falsified, int, error) {})},
		{clause: contract.Exhaustion, fault: "told twice", wrap: onExhaustion(func(f *falsified, n int, err error) {
			f.Handler.Complete(n, err)
			f.Handler.Complete(n, err)
		})},
		{clause: contract.Exhaustion, fault: "told something else", wrap: onExhaustion(func(f *falsified, n int, _ error) {
			f.Handler.Complete(n, errors.New("out of memory"))
		})},
		{clause: contract.Exhaustion, fault: "told success", wrap: onExhaustion(func(f *falsified, n int, _ error) {
			f.Handler.Complete(n, nil)
		})},
		{clause: contract.Exhaustion, fault: "told inline", wrap: falsify(func(f *falsified, a *source) {
			a.allocate = func(n int) ([]ops.Operation, error) {
				s, err := a.Allocator.Allocate(n)
				if err != nil {
					f.Handler.Complete(0, err)
				}
				return s, err
			}
		})},
		{clause: contract.Exhaustion, fault: "the default allocator instead", wrap: func(h ops.Handler) ops.Handler {
			return falsify(func(_ *falsified, a *source) {
				a.allocate = func(n int) ([]ops.Operation, error) {
					s, err := a.Allocator.Allocate(n)
					if err != nil {
						return chainOf(h).run.ledger.Default().Allocate(n)
					}
					return s, nil
				}
			})(h)
		}},

		{clause: contract.Abandonment, fault: "not released", wrap: falsify(func(f *falsified, a *source) {
			release := withhold(a)
			f.complete = func(n int, err error) {
				release()
				f.Handler.Complete(n, err)
			}
		})},
		{clause: contract.Abandonment, fault: "told twice", wrap: falsify(func(f *falsified, _ *source) {
			f.abandon = func() { abandonAll(f.Handler) }
		})},
		{clause: contract.Abandonment, fault: "not told", wrap: falsify(func(f *falsified, a *source) {
			released := false
			a.deallocate = func(s []ops.Operation) {
				a.Allocator.Deallocate(s)
				released = true
			}
			f.unwrap = func() ops.Handler {
				if released {
					return untold{f.Handler}
				}
				return f.Handler
			}
		})},
		{clause: contract.Abandonment, fault: "told although nobody has closed", wrap: falsify(func(f *falsified, _ *source) {
			f.complete = func(n int, err error) {
				if errors.Is(err, ops.ErrCanceled) {
					abandonAll(f.Handler)
					return
				}
				f.Handler.Complete(n, err)
			}
		})},
		{clause: contract.Abandonment, fault: "the handler was called as well", wrap: falsify(func(f *falsified, _ *source) {
			f.abandon = func() { f.Handler.Complete(0, net.ErrClosed) }
		})},

		{clause: contract.PeakBlocks, fault: "two blocks", wrap: falsify(func(_ *falsified, a *source) {
			var second []ops.Operation
			a.allocate = func(n int) ([]ops.Operation, error) {
				s, err := a.Allocator.Allocate(n)
				if err == nil {
					second, err = a.Allocator.Allocate(n)
				}
				if err != nil && s != nil {
					a.Allocator.Deallocate(s)
				}
				return s, err
			}
			a.deallocate = func(s []ops.Operation) {
				a.Allocator.Deallocate(s)
				a.Allocator.Deallocate(second)
			}
		})},
		{clause: contract.PeakBlocks, fault: "another block for the hop to the strand", wrap: hopInAnother},
	}
}

// TestSound says that what the mutants are made of is not at fault itself, and
// that a backend that cancels late is served rightly.
func TestSound(t *testing.T) {
	pass := falsify(func(*falsified, *source) {})
	for name, open := range map[string]Opener{"platform.New": platform.New, "reluctant backend": openReluctant(nil)} {
		t.Run(name, func(t *testing.T) {
			for n := range checks {
				report, err := Run(Draw(Seed(uint64(n))), open, Wrapping(pass))
				if err != nil {
					t.Fatal(err)
				}
				if len(report.Violations) > 0 {
					t.Fatal(fmt.Sprint("\n", report))
				}
			}
		})
	}
}

// untold is a handler whose layers are not seen by whoever has something to tell them. What
// is outstanding may still ask where it is to run.
type untold struct{ ops.Handler }

func (u untold) Executor() ops.Executor {
	for h := u.Handler; h != nil; {
		if l, ok := h.(interface{ Executor() ops.Executor }); ok && l.Executor() != nil {
			return l.Executor()
		}
		w, ok := h.(interface{ Unwrap() ops.Handler })
		if !ok {
			break
		}
		h = w.Unwrap()
	}
	return nil
}
