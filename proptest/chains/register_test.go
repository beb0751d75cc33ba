package chains

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// A stranger is a Kind and the function that registers it, or nil for Register.
type stranger struct {
	Kind
	register func(Kind)
}

// register registers kinds for the time of a test.
func register(t *testing.T, all ...Kind) {
	for _, k := range all {
		stranger{Kind: k}.registerFor(t)
	}
}

// registerStrangers registers kinds, each by its function, for the time of a test.
func registerStrangers(t *testing.T, all ...stranger) {
	for _, s := range all {
		s.registerFor(t)
	}
}

func (s stranger) registerFor(t *testing.T) {
	before, names, roles := slices.Clone(kinds), maps.Clone(byName), maps.Clone(byRole)
	t.Cleanup(func() { kinds, byName, byRole = before, names, roles })
	if s.register == nil {
		s.register = Register
	}
	s.register(s.Kind)
}

// halves is the state of an operation that writes or reads in two parts.
type halves struct {
	conn  *platform.Conn
	buf   []byte
	moved int
	begun int
}

// step is one of an operation that transfers halves with move.
func (s *halves) step(f *ops.Frame[halves], n int, err error, move func(s *halves, b []byte, h ops.Handler)) {
	s.moved += n
	switch s.begun++; {
	case err != nil || s.begun == 3:
		f.Return(s.moved, err)
	case s.begun == 1:
		move(s, s.buf[:len(s.buf)/2], f)
	default:
		move(s, s.buf[len(s.buf)/2:], f)
	}
}

func writeHalf(f *ops.Frame[halves], n int, err error) {
	f.State.step(f, n, err, func(s *halves, b []byte, h ops.Handler) { ops.WriteFull(s.conn, b, h) })
}

func readHalf(f *ops.Frame[halves], n int, err error) {
	f.State.step(f, n, err, func(s *halves, b []byte, h ops.Handler) { ops.ReadFull(s.conn, b, h) })
}

func yieldTwice(f *ops.Frame[yields], n int, err error) {
	if f.State.done++; err != nil || f.State.done == 3 {
		f.Return(0, err)
		return
	}
	ops.Post(f.State.p, f)
}

type yields struct {
	p    *platform.Proactor
	done int
}

// A twice is the handler of a write in two parts that has no frame.
type twice struct {
	ops.Handler
	conn  *platform.Conn
	rest  []byte
	moved int
}

func (w *twice) Unwrap() ops.Handler { return w.Handler }

func (w *twice) Complete(n int, err error) {
	w.moved += n
	if err != nil || w.rest == nil {
		w.Handler.Complete(w.moved, err)
		return
	}
	rest := w.rest
	w.rest = nil
	ops.WriteFull(w.conn, rest, w)
}

// An owning is the handler of an operation that brings its memory.
type owning struct {
	ops.Handler
	memory *combinators.SingleSlot[ops.Operation]
}

func (o owning) Unwrap() ops.Handler                           { return o.Handler }
func (o owning) Allocator() allocator.Allocator[ops.Operation] { return o.memory }

func ownMemory(h ops.Handler) ops.Handler {
	return owning{h, combinators.NewSingleSlot[ops.Operation](allocator.Heap[ops.Operation]{})}
}

// strangers are operations of all sorts, which keep the contract.
func strangers() []stranger {
	return []stranger{
		{Kind: Kind{Name: "stranger's post", Local: func(p *platform.Proactor, h ops.Handler) { ops.Post(p, h) }}},
		{Kind: Kind{Name: "stranger's own", Own: true, Local: func(p *platform.Proactor, h ops.Handler) { ops.Post(p, ownMemory(h)) }}},
		{Kind: Kind{Name: "yield twice", Local: func(p *platform.Proactor, h ops.Handler) {
			ops.Compose(p, h, yields{p: p}, yieldTwice)
		}}, register: RegisterComposed[yields]},
		{Kind: Kind{Name: "write halves", Write: func(conn *platform.Conn, data []byte, h ops.Handler) {
			ops.Compose(conn.Proactor(), h, halves{conn: conn, buf: data}, writeHalf)
		}}, register: RegisterComposed[halves]},
		{Kind: Kind{Name: "write twice", Parts: true, Write: func(conn *platform.Conn, data []byte, h ops.Handler) {
			n := len(data) / 2
			ops.WriteFull(conn, data[:n], &twice{Handler: h, conn: conn, rest: data[n:]})
		}}},
		{Kind: Kind{Name: "write a part", Partial: true, Write: (*platform.Conn).Write}},
		{Kind: Kind{Name: "read halves", Read: func(conn *platform.Conn, buf []byte, h ops.Handler) {
			ops.Compose(conn.Proactor(), h, halves{conn: conn, buf: buf}, readHalf)
		}}, register: RegisterComposed[halves]},
		{Kind: Kind{Name: "read a part", Partial: true, Read: (*platform.Conn).Read}},
		{Kind: Kind{Name: "read by its own means", Own: true, Read: func(conn *platform.Conn, buf []byte, h ops.Handler) {
			ops.ReadFull(conn, buf, ownMemory(h))
		}}},
	}
}

// TestRegisteredSteps runs a step of each registered kind on each backend, and on the
// simulated platform in every order that differs a little from the plain one.
func TestRegisteredSteps(t *testing.T) {
	all := strangers()
	registerStrangers(t, all...)
	open := backends(t)
	for _, k := range all {
		t.Run(k.Name, func(t *testing.T) {
			for _, s := range []Step{{}, {Refuse: 1}, {Refuse: 2}, {Cancel: CancelSlot}, {Cancel: CancelAll}, {Cancel: CancelLate}, {Cancel: CancelMoved}, {Cancel: CancelPassed}} {
				s.Kind = k.Name
				p := stepProgram(s, 1)
				if wrong := p.check(); wrong != nil {
					if k.Local == nil || s.Cancel == CancelSlot {
						t.Fatal(wrong)
					}
					continue
				}
				if !strings.Contains(p.String(), " "+k.Name) {
					t.Errorf("the program does not name the step:\n%s", p)
				}
				for name, open := range open {
					report, err := Run(p, open)
					if err != nil {
						t.Fatal(err)
					}
					if len(report.Violations) > 0 {
						t.Fatalf("on %s:\n%s", name, report)
					}
				}
				Explore(t, p, Deviations(1), Schedules(20_000), In(sim.Weather{SlowCancel: 2, Delay: 2, Partial: 2, Spurious: 2}))
			}
		})
	}
}

// TestRegisteredDrawn says that registered kinds are drawn like the others, and judged by the
// same rules wherever they stand.
func TestRegisteredDrawn(t *testing.T) {
	all := strangers()
	registerStrangers(t, all...)
	TestSteps(t)
	t.Run("Simulated", func(t *testing.T) { Simulated(t) })
	t.Run("Platform", func(t *testing.T) { Platform(t, platform.New) })
	t.Run("SameTraces", func(t *testing.T) { SameTraces(t, map[string]Opener{"the best here": platform.New}) })
}

// TestRegisteredFaults says that what is wrong with a registered operation is found, and that
// the failure names it.
func TestRegisteredFaults(t *testing.T) {
	temporaryIn(t, scratch(t))
	testflag.Set(t, "rapid.nofailfile", "true")
	testflag.Set(t, "rapid.shrinktime", "300ms")
	testflag.Set(t, "rapid.seed", "1")
	testflag.Set(t, "rapid.checks", "1000")
	for _, test := range []struct {
		fault string
		want  string
		stranger
	}{
		{"forgets the last byte", "must be", stranger{Kind: Kind{Write: func(conn *platform.Conn, data []byte, h ops.Handler) {
			ops.WriteFull(conn, data[:max(0, len(data)-1)], h)
		}}}},
		{"forgets the last byte and says nothing", "wrong result|the handler was never called", stranger{Kind: Kind{Write: func(conn *platform.Conn, data []byte, h ops.Handler) {
			ops.WriteFull(conn, data[:max(0, len(data)-1)], &lying{h, len(data)})
		}}}},
		{"reads one byte twice", "the bytes read differ", stranger{Kind: Kind{Partial: true, Read: func(conn *platform.Conn, buf []byte, h ops.Handler) {
			conn.Read(buf, &doubling{h, buf})
		}}}},
		{"counts too many", "must be 0, nil", stranger{Kind: Kind{Local: func(p *platform.Proactor, h ops.Handler) { ops.Post(p, &lying{h, 7}) }}}},
		{"inline", contract.OnceAndLater.String(), stranger{Kind: Kind{Local: func(_ *platform.Proactor, h ops.Handler) { h.Complete(0, nil) }}}},
		{"never", contract.OnceAndLater.String(), stranger{Kind: Kind{Local: func(p *platform.Proactor, h ops.Handler) { ops.Post(p, &deaf{h}) }}}},
		{"keeps its block", contract.PeakBlocks.String(), stranger{Kind: Kind{Local: func(p *platform.Proactor, h ops.Handler) {
			ops.AllocatorOf(h, p.Allocator()).Allocate(1)
			ops.Post(p, h)
		}}}},
		{"own memory that is not", contract.Associated.String(), stranger{Kind: Kind{Own: true, Local: func(p *platform.Proactor, h ops.Handler) { ops.Post(p, h) }}}},
		{"memory from elsewhere", "no memory was asked of", stranger{Kind: Kind{Local: func(p *platform.Proactor, h ops.Handler) { ops.Post(p, ownMemory(h)) }}}},
		{"loses its frame", contract.ReleasedFirst.String(), stranger{Kind: Kind{Local: func(p *platform.Proactor, h ops.Handler) {
			ops.AllocatorOf[ops.Frame[yields]](h, allocator.Heap[ops.Frame[yields]]{}).Allocate(1)
			ops.Post(p, &lying{h, 0})
		}}, register: RegisterComposed[yields]}},
	} {
		t.Run(test.fault, func(t *testing.T) {
			test.Kind.Name = "stranger's"
			test.registerFor(t)
			out := failing(t, func(tb testing.TB) { Simulated(tb, Runners(1)) })
			out = out[strings.LastIndex(out, "on the simulated platform"):]
			if !regexp.MustCompile(test.want).MatchString(out) {
				t.Errorf("there is no %q in\n%s", test.want, out)
			}
			if !strings.Contains(out, "stranger's") {
				t.Errorf("the operation is not named in\n%s", out)
			}
		})
	}
}

// lying tells another number.
type lying struct {
	ops.Handler
	n int
}

func (l *lying) Unwrap() ops.Handler       { return l.Handler }
func (l *lying) Complete(_ int, err error) { l.Handler.Complete(l.n, err) }

// doubling overwrites a byte with the one before.
type doubling struct {
	ops.Handler
	buf []byte
}

func (d *doubling) Unwrap() ops.Handler { return d.Handler }

func (d *doubling) Complete(n int, err error) {
	if n > 1 {
		d.buf[n-1] = d.buf[n-2]
	}
	d.Handler.Complete(n, err)
}

// deaf is never told.
type deaf struct{ ops.Handler }

func (d *deaf) Unwrap() ops.Handler { return d.Handler }
func (d *deaf) Complete(int, error) {}

// TestRegisterRefuses says which Kinds make no sense, and that the panic says why.
func TestRegisterRefuses(t *testing.T) {
	post := func(p *platform.Proactor, h ops.Handler) { ops.Post(p, h) }
	register(t, Kind{Name: "mine", Local: post})
	n := len(kinds)
	for want, s := range map[string]stranger{
		"Register: a Kind has no Name":               {Kind: Kind{Local: post}},
		`Register: there is a Kind "mine" already`:   {Kind: Kind{Name: "mine", Local: post}},
		`Register: there is a Kind "read" already`:   {Kind: Kind{Name: "read", Read: (*platform.Conn).Read}},
		`Kind "x" 0 are set`:                         {Kind: Kind{Name: "x"}},
		`Kind "x" 2 are set`:                         {Kind: Kind{Name: "x", Read: (*platform.Conn).Read, Write: (*platform.Conn).Write}},
		`the Kind "x" is Local, and`:                 {Kind: Kind{Name: "x", Local: post, Partial: true}},
		`the Kind "x" has memory of its O`:           {Kind: Kind{Name: "x", Local: post, Own: true}, register: RegisterComposed[int]},
		`memory of the handler's for its`:            {Kind: Kind{Name: "x", Local: post, Own: true, Parts: true}},
		"RegisterComposed: a Kind has no Name":       {Kind: Kind{Local: post}, register: RegisterComposed[int]},
		`RegisterComposed: there is a Kind "mine" a`: {Kind: Kind{Name: "mine", Local: post}, register: RegisterComposed[int]},
	} {
		if got := panicOf(func() { s.registerFor(t) }); !strings.Contains(got, "chains: Register") || !strings.Contains(got, want) {
			t.Errorf("got %q, want a panic with %q", got, want)
		}
	}
	if len(kinds) != n {
		t.Errorf("%d kinds were added by mistakes", len(kinds)-n)
	}
}

func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return ""
}
