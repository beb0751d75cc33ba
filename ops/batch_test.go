package ops_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A desk is where operations wait until they are answered or cancelled.
type desk struct {
	loop
	waiting []*ops.Operation
}

func (d *desk) wait(h ops.Handler) {
	op := ops.Begin(h, nil)
	if op.Err == nil && op.Arm(d) {
		d.waiting = append(d.waiting, op)
		return
	}
	if op.Err == nil {
		op.Err = ops.ErrCanceled
	}
	d.Execute(op)
}

// answer ends the i-th of those that wait.
func (d *desk) answer(i, n int, err error) {
	op := d.waiting[i]
	d.waiting = slices.Delete(d.waiting, i, i+1)
	op.Disarm()
	op.N, op.Err = n, err
	d.Execute(op)
}

func (d *desk) CancelOperation(s *ops.CancelSlot) {
	if at := slices.Index(d.waiting, s.Requested(d)); at >= 0 {
		d.answer(at, 0, ops.ErrCanceled)
	}
}

func TestBatchUntil(t *testing.T) {
	other := errors.New("other")
	type end struct {
		at  int // of those that still wait
		err error
	}
	cases := []struct {
		name  string
		until ops.Until
		ends  []end
		n     int
		err   error
		errs  []error // of the members
	}{
		{"all", ops.UntilAll, []end{{1, nil}, {1, nil}, {0, nil}}, 3, nil, []error{nil, nil, nil}},
		{"all, and some fail", ops.UntilAll, []end{{2, errMid}, {0, nil}, {0, other}}, 3, errMid, []error{nil, other, errMid}},
		{"all, and the first and others fail", ops.UntilAll, []end{{0, errMid}, {0, other}, {0, other}}, 3, errMid, []error{errMid, other, other}},
		{"the first succeeds", ops.UntilFirst, []end{{1, nil}}, 1, nil, []error{ops.ErrCanceled, nil, ops.ErrCanceled}},
		{"the first fails", ops.UntilFirst, []end{{2, errMid}}, 2, errMid, []error{ops.ErrCanceled, ops.ErrCanceled, errMid}},
		{"a success after a failure", ops.UntilSuccess, []end{{2, errMid}, {0, nil}}, 0, nil, []error{nil, ops.ErrCanceled, errMid}},
		{"no success", ops.UntilSuccess, []end{{1, errMid}, {0, other}, {0, other}}, 3, errMid, []error{other, errMid, other}},
		{"an error after a success", ops.UntilError, []end{{0, nil}, {1, errMid}}, 2, errMid, []error{nil, ops.ErrCanceled, errMid}},
		{"no error", ops.UntilError, []end{{0, nil}, {0, nil}, {0, nil}}, 3, nil, []error{nil, nil, nil}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			var d desk
			var b ops.Batch
			var members [3]ops.Member
			b.Start(members[:], c.until, j.handler())
			for i := range members {
				d.wait(&members[i])
			}
			d.run()
			for i, end := range c.ends {
				j.check(t)
				d.answer(end.at, 40+i, end.err)
				d.run()
			}
			want := &journal{}
			want.add("handler %d %v", c.n, c.err)
			j.check(t, (*want)[0])
			for i := range members {
				if members[i].Err != c.errs[i] {
					t.Errorf("member %d ended with %v, want %v", i, members[i].Err, c.errs[i])
				}
			}
		})
	}
}

// TestBatchOfWhatIsOver decides before all members were started, in every order.
func TestBatchOfWhatIsOver(t *testing.T) {
	var j journal
	var d desk
	var b ops.Batch
	var members [2]ops.Member
	b.Start(members[:], ops.UntilFirst, j.handler())
	ops.Post(&d, &members[0])
	d.run()
	j.check(t)
	d.wait(&members[1])
	d.run()
	j.check(t, "handler 0 <nil>")
	if members[1].Err != ops.ErrCanceled {
		t.Errorf("the second ended with %v", members[1].Err)
	}
	// The members are as new in the next batch, also the one that was cancelled.
	for i := range members {
		b.Start(members[i:i+1], ops.UntilFirst, j.handler())
		d.wait(&members[i])
		d.answer(0, 7, nil)
		d.run()
		j.check(t, "handler 0 <nil>")
		if members[i].N != 7 || members[i].Err != nil {
			t.Errorf("member %d ended with %d, %v", i, members[i].N, members[i].Err)
		}
	}
}

func TestBatchCanceled(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for name, how := range map[string]func(b *ops.Batch, s *ops.CancelSlot, between bool){
		"by its slot": func(_ *ops.Batch, s *ops.CancelSlot, _ bool) { s.Cancel() },
		"itself":      func(b *ops.Batch, _ *ops.CancelSlot, _ bool) { b.Cancel() },
	} {
		for _, early := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				var j journal
				var d desk
				var b ops.Batch
				var members [2]ops.Member
				var slot ops.CancelSlot
				b.Cancel() // nothing is outstanding
				b.Start(members[:], ops.UntilAll, ops.WithCancelSlot(j.handler(), &slot))
				d.wait(&members[0])
				if early {
					how(&b, &slot, true)
				}
				d.wait(&members[1])
				if !early {
					how(&b, &slot, false)
				}
				j.check(t)
				d.run()
				j.check(t, "handler 2 ops: operation canceled")
				if slot.Cancel() {
					t.Error("the slot stands for a batch that has ended")
				}
			})
		}
	}
	t.Run("by a context that is done", func(t *testing.T) {
		var j journal
		var d desk
		var b ops.Batch
		var members [1]ops.Member
		var slot ops.CancelSlot
		defer slot.CancelOnDone(done)()
		b.Start(members[:], ops.UntilAll, ops.WithCancelSlot(j.handler(), &slot))
		d.wait(&members[0])
		d.run()
		j.check(t, "handler 1 ops: operation canceled")
	})
}

// A slot whose cancellation comes when the batch is another one's by now cancels nothing.
func TestBatchOfAnotherSlot(t *testing.T) {
	var j journal
	var d desk
	var b ops.Batch
	var members [2]ops.Member
	var mine, other ops.CancelSlot
	b.Start(members[:], ops.UntilAll, ops.WithCancelSlot(j.handler(), &mine))
	d.wait(&members[0])
	b.CancelFrom(&other)
	b.CancelOperation(&other)
	d.wait(&members[1])
	if len(d.waiting) != 2 {
		t.Fatalf("%d members wait, want 2", len(d.waiting))
	}
	d.answer(0, 1, nil)
	d.answer(0, 2, nil)
	d.run()
	j.check(t, "handler 2 <nil>")
}

// A batch is cancelled by a context where its members are outstanding: each on its own
// executor, one after another, and only what has not ended.
func TestBatchCanceledElsewhere(t *testing.T) {
	var j journal
	var b ops.Batch
	var members [4]ops.Member
	var slot ops.CancelSlot
	ctx, cancel := context.WithCancel(t.Context())
	defer slot.CancelOnDone(ctx)()
	b.Start(members[:], ops.UntilAll, ops.WithCancelSlot(j.handler(), &slot))
	var at [2]elsewhere
	var outstanding [2]*ops.Operation
	for i := range at {
		at[i] = elsewhere{told(make(chan uint64, 1)), executor(make(chan *ops.Operation, 1))}
		outstanding[i] = ops.Begin(&members[i], nil)
		outstanding[i].Args[1] = uint64(40 + i)
		if !outstanding[i].Arm(at[i]) {
			t.Fatal("Arm says that it was cancelled")
		}
	}
	var l loop
	ops.Post(&l, &members[2])
	l.run()
	cancel()
	for range at {
		var posted *ops.Operation
		i := 0
		select {
		case posted = <-at[0].executor:
		case posted = <-at[1].executor:
			i = 1
		case <-time.After(30 * time.Second):
			t.Fatal("the context is done, and its goroutine went to no executor")
		}
		posted.Complete()
		if len(at[0].told)+len(at[1].told) != 1 || len(at[i].told) != 1 || <-at[i].told != uint64(40+i) {
			t.Fatalf("executor %d did not cancel what is outstanding there", i)
		}
		j.check(t)
		outstanding[i].Disarm()
		outstanding[i].Err = ops.ErrCanceled
		outstanding[i].Complete()
	}
	j.check(t)
	late := ops.Begin(&members[3], nil)
	if late.Arm(at[0]) {
		t.Error("an operation that begins later is not cancelled")
	}
	late.Err = ops.ErrCanceled
	late.Complete()
	j.check(t, "handler 4 ops: operation canceled")
	if members[2].Err != nil {
		t.Errorf("the member that had ended ended with %v", members[2].Err)
	}
}

func TestBatchAbandoned(t *testing.T) {
	var d desk
	var b ops.Batch
	var members [2]ops.Member
	abandoned := 0
	b.Start(members[:], ops.UntilAll, &abandonable{t, &abandoned})
	d.wait(&members[0])
	d.wait(&members[1])
	d.answer(1, 0, nil)
	d.run()
	d.waiting[0].Abandon()
	if abandoned != 1 {
		t.Errorf("abandoned %d times", abandoned)
	}
	// Those on another proactor are cancelled, and waited for.
	var other desk
	b.Start(members[:], ops.UntilAll, &abandonable{t, &abandoned})
	d.wait(&members[0])
	other.wait(&members[1])
	d.waiting[1].Abandon()
	if len(other.waiting) != 0 || abandoned != 1 {
		t.Errorf("%d members wait for another proactor, and the handler was abandoned %d times", len(other.waiting), abandoned-1)
	}
	other.run()
	if abandoned != 2 {
		t.Errorf("abandoned %d times", abandoned-1)
	}
}

// TestBatchInBatch has a batch as the member of another.
func TestBatchInBatch(t *testing.T) {
	var j journal
	var d desk
	var inner, outer ops.Batch
	var in, out [2]ops.Member
	outer.Start(out[:], ops.UntilFirst, j.handler())
	inner.Start(in[:], ops.UntilAll, &out[0])
	d.wait(&in[0])
	d.wait(&in[1])
	d.wait(&out[1])
	d.answer(2, 0, nil)
	d.run()
	j.check(t, "handler 1 <nil>")
	if out[0].Err != ops.ErrCanceled || in[0].Err != ops.ErrCanceled || in[1].Err != ops.ErrCanceled {
		t.Errorf("the inner batch ended with %v, its members with %v and %v", out[0].Err, in[0].Err, in[1].Err)
	}
}

func TestBatchOnItsExecutor(t *testing.T) {
	var j journal
	var d desk
	var ui loop
	var b ops.Batch
	var members [2]ops.Member
	b.Start(members[:], ops.UntilFirst, ops.WithExecutor(j.handler(), &ui))
	d.wait(&members[0])
	d.wait(&members[1])
	d.answer(0, 0, nil)
	d.run()
	j.check(t)
	ui.run()
	j.check(t, "handler 0 <nil>")
}

// TestBatchTimeout gives the members the time that the handler has.
func TestBatchTimeout(t *testing.T) {
	p := newProactor(t)
	var b ops.Batch
	var members [2]ops.Member
	var got error
	b.Start(members[:], ops.UntilAll, ops.WithTimeout(ops.HandlerFunc(func(_ int, err error) { got = err }), time.Millisecond))
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range members {
		l.Accept(new(platform.Conn), &members[i])
	}
	run(t, p, 1)
	if !errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("told %v", got)
	}
}

// The time that the handler has is that of the members. What waits for its executor
// after that has no limit.
func TestBatchTimeoutOfMembers(t *testing.T) {
	var j journal
	var d desk
	var ui loop
	var b ops.Batch
	var members [1]ops.Member
	b.Start(members[:], ops.UntilAll, ops.WithTimeout(ops.WithExecutor(j.handler(), &ui), time.Second))
	d.wait(&members[0])
	if !d.waiting[0].Limited() {
		t.Error("the member has no timeout")
	}
	d.answer(0, 0, nil)
	d.run()
	if ui.ready[0].Limited() {
		t.Error("the handler of the batch waits with a timeout")
	}
	ui.run()
	j.check(t, "handler 1 <nil>")
}

func TestBatchMisuse(t *testing.T) {
	var j journal
	var d desk
	var b ops.Batch
	var members [2]ops.Member
	mustPanic(t, "no members", func() { b.Start(nil, ops.UntilAll, j.handler()) })
	mustPanic(t, "no such Until", func() { b.Start(members[:], 17, j.handler()) })
	mustPanic(t, "nil Handler", func() { b.Start(members[:], ops.UntilAll, nil) })
	mustPanic(t, "Batch was not started", func() { d.wait(&members[0]) })
	b.Start(members[:], ops.UntilAll, j.handler())
	mustPanic(t, "outstanding already", func() { b.Start(members[:], ops.UntilAll, j.handler()) })
	var single ops.Batch
	single.Start(make([]ops.Member, 1), ops.UntilAll, j.handler())
	mustPanic(t, "outstanding already", func() { single.Start(members[:], ops.UntilAll, j.handler()) })
	d.wait(&members[0])
	d.wait(&members[0]) // there is no memory for a second one
	d.run()
	mustPanic(t, "the second one", func() {
		d.answer(0, 0, nil)
		d.run()
	})
	if members[0].Err == nil || !errors.Is(members[0].Err, allocator.ErrExhausted) {
		t.Errorf("the second operation of a member ended with %v", members[0].Err)
	}
}

// racing starts batches of three posts and a timer that is too late, again and again.
type racing struct {
	p       *platform.Proactor
	timer   *platform.Timer
	batch   ops.Batch
	members [3]ops.Member
	left    int
	ends    [3]int
}

func (r *racing) start() {
	r.batch.Start(r.members[:], ops.UntilFirst, r)
	ops.Post(r.p, &r.members[0])
	r.timer.Wait(time.Hour, &r.members[1])
	r.timer.Wait(time.Hour, &r.members[2])
}

func (r *racing) Complete(n int, err error) {
	r.ends[n]++
	if r.left--; r.left > 0 {
		r.start()
	}
}

func TestBatchWithSeveralRunners(t *testing.T) {
	p := newProactor(t)
	var all [4]racing
	for i := range all {
		all[i].p, all[i].timer, all[i].left = p, p.NewTimer(), 300
		all[i].start()
	}
	run(t, p, 3)
	for i := range all {
		if all[i].ends != [3]int{300, 0, 0} {
			t.Errorf("batches ended %v times by each member", all[i].ends)
		}
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	p := newProactor(t, platform.SingleRunner())
	r := &racing{p: p, timer: p.NewTimer()}
	ctx := t.Context()
	once := func() {
		r.left = 3
		r.start()
		p.Run(ctx)
	}
	once()
	// What is left is Run's own, which watches the context.
	empty := testing.AllocsPerRun(100, func() { p.Run(ctx) })
	if got := testing.AllocsPerRun(100, once); got != empty {
		t.Errorf("%v allocations, and %v of them by Run", got, empty)
	}
}

// A batch that has ended cancels nobody: its members may be those of another one by then.
func TestBatchCancelTooLate(t *testing.T) {
	var j journal
	var d desk
	var first, second ops.Batch
	var members [1]ops.Member
	for _, b := range []*ops.Batch{&first, &second} {
		b.Start(members[:], ops.UntilAll, j.handler())
		d.wait(&members[0])
		if b == &first {
			d.answer(0, 7, nil)
			d.run()
			j.check(t, "handler 1 <nil>")
		}
	}
	first.Cancel()
	d.run()
	j.check(t)
	d.answer(0, 8, nil)
	d.run()
	j.check(t, "handler 1 <nil>")
	if members[0].N != 8 || members[0].Err != nil {
		t.Errorf("the member ended with %d, %v", members[0].N, members[0].Err)
	}
}

// The memory of a member is an allocator like any other, for one operation.
func TestMemberAllocator(t *testing.T) {
	a := new(ops.Member).Allocator()
	for n, want := range map[int]error{-1: allocator.ErrSize, 0: nil, 2: allocator.ErrTooLarge} {
		if s, err := a.Allocate(n); len(s) != 0 || !errors.Is(err, want) {
			t.Errorf("Allocate(%d) gives %d values and %v, want %v", n, len(s), err, want)
		}
	}
	a.Deallocate(nil)
	for range 2 {
		s, err := a.Allocate(1)
		if len(s) != 1 || cap(s) != 1 || err != nil {
			t.Fatalf("Allocate(1) gives %d of %d values and %v", len(s), cap(s), err)
		}
		if s[0].Buf != nil {
			t.Error("a block keeps what was in it before")
		}
		s[0].Buf = make([]byte, 1)
		if again, err := a.Allocate(1); len(again) != 0 || !errors.Is(err, allocator.ErrExhausted) {
			t.Errorf("the second Allocate(1) gives %d values and %v", len(again), err)
		}
		mustPanic(t, "not the one that was handed out", func() { a.Deallocate(make([]ops.Operation, 1)) })
		a.Deallocate(s[:0])
		mustPanic(t, "not the one that was handed out", func() { a.Deallocate(s) })
	}
}
