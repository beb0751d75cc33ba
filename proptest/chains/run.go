package chains

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// Run runs a program on a proactor that open makes, and judges it. Violations are
// in the report; the error is that of open, or says that the program could not
// begin.
func Run(p Program, open Opener, options ...Option) (*Report, error) {
	return runOn(open, p, configOf("Run", options))
}

func runOn(open Opener, p Program, c config) (*Report, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	r := newRun(p, c)
	violations, err := r.execute(open)
	if err != nil {
		return nil, err
	}
	return r.report(violations), nil
}

// report returns how the run went.
func (r *run) report(violations []contract.Violation) *Report {
	return &Report{Program: r.program, Violations: violations, Timeline: r.ledger.Timeline(), Took: r.ledger.Now()}
}

// A run is a program that is being run.
type run struct {
	program  Program
	ledger   *contract.Ledger
	wrap     func(ops.Handler) ops.Handler
	memory   func() allocator.Allocator[ops.Operation]
	patience time.Duration

	world   *sim.World // or nil: a real platform
	weather sim.Weather

	scheduler sim.Scheduler // or nil: a real platform
	handsOn   bool          // see Program.handsOn

	proactor *platform.Proactor
	strand   *ops.Strand
	alone    exclusion

	// strandTouched is memory that only the strand guards, for the race
	// detector to watch.
	strandTouched int

	links   []*linkRun
	chains  []*chainRun
	cleanup []func()

	// What sessions are made of, where it is used again, and who is about to
	// dispose of it.
	conns      *stock[platform.Conn]
	timers     *stock[platform.Timer]
	listeners  *stock[platform.Listener]
	packets    *stock[platform.PacketConn]
	files      *stock[platform.File]
	openSecond Opener          // if the program's own is made in another way
	second     *secondProactor // or nil
	disposing  sync.WaitGroup

	ctx     context.Context
	cancel  context.CancelFunc
	failed  atomic.Bool // the run ends, as something is wrong
	closing atomic.Bool
	stuck   bool // nothing happens any more

	toReplace atomic.Int32 // of goroutines that steps have ended, and not followed by others yet

	oneOfMany bool // programs that are simulated
	collects  bool // garbage, when a step says so
}

// A collection takes longer than a simulated program, so where there are many programs only
// one in collectEvery does what it says. One that is replayed or made smaller always does.
const collectEvery = 64

var simulations atomic.Int64

func newRun(p Program, c config) *run {
	return &run{
		program: p, ledger: contract.NewLedger(), wrap: c.wrap, memory: c.memory, patience: c.patience,
		conns:     newStock[platform.Conn](),
		timers:    newStock[platform.Timer](),
		listeners: newStock[platform.Listener](),
		packets:   newStock[platform.PacketConn](),
		files:     newStock[platform.File](),
	}
}

// execute runs the program and returns what was wrong.
func (r *run) execute(open Opener) ([]contract.Violation, error) {
	defer r.clean()
	if err := r.setup(open); err != nil {
		return nil, err
	}
	if r.ledger.Alone {
		r.playAlone()
	} else {
		r.play()
	}
	// Memory that was disturbed explains all that went wrong from then on.
	return slices.Concat(r.disturbed(), r.ledger.Finish(), r.leftBuffers(), r.leftCoroutines()), nil
}

// stop ends the run, as something is wrong.
func (r *run) stop() {
	r.failed.Store(true)
	if r.world != nil {
		r.proactor.Stop()
		return
	}
	r.cancel()
}

// refuses reports whether an operation was told err because the proactor was closed.
func (r *run) refuses(err error) bool { return r.closing.Load() && errors.Is(err, net.ErrClosed) }

func (r *run) clean() {
	for _, f := range r.cleanup {
		f()
	}
}

func (r *run) setup(open Opener) error {
	r.ledger.Complete = true
	r.ctx, r.cancel = context.Background(), func() {}
	if r.world == nil { // else the end of a context comes when the Go scheduler says so
		r.ctx, r.cancel = context.WithCancel(r.ctx)
		r.cleanup = append(r.cleanup, r.cancel)
	}
	options := r.ledger.Options()
	if r.program.Runners == 0 {
		options = append(options, platform.SingleRunner())
	}
	var err error
	if r.proactor, err = open(options...); err != nil {
		return err
	}
	if err := errors.Join(r.prepareSecond(open), r.listen()); err != nil {
		r.proactor.Close()
		return err
	}
	r.strand = ops.NewStrand(r.proactor)
	if n := r.program.RefuseAt; n > 0 {
		r.ledger.Default().Refuse(n-1, 1)
	}
	r.collects = !r.oneOfMany || simulations.Add(1)%collectEvery == 0
	for i := range r.program.Chains {
		p := &r.program.Chains[i]
		c := &chainRun{run: r, number: i, chain: r.ledger.Chain(fmt.Sprintf("%d %s", i, p.Name)), program: p}
		for _, s := range p.Steps {
			c.texts = append(c.texts, s.String())
			r.ledger.Reachability = r.ledger.Reachability || s.Kind == "gc" && r.collects
		}
		c.associate()
		c.users.n.Store(1)
		c.users.last = c.dispose
		r.chains = append(r.chains, c)
		if err := errors.Join(r.openMailbox(i), c.openNotebook(), c.openEnclosure(), c.openSignals()); err != nil {
			r.proactor.Close()
			return err
		}
	}
	return nil
}

// begin starts the chains that nobody forks.
func (r *run) begin() {
	r.ledger.Call(func() {
		defer func() { r.caught(recover()) }()
		for _, c := range r.chains {
			if !c.program.Forked {
				c.proceed()
			}
		}
	})
}

// play runs the program to its end.
func (r *run) play() {
	r.begin()
	returned := r.launchRunners()
	if !r.wait(returned) {
		r.stop()
	} else if !r.closing.Load() && !r.failed.Load() {
		r.ledger.Finish() // what has not ended by now was lost
	}
	closed := launch(1, r.close)
	if r.wait(closed) && r.wait(returned) {
		r.ledger.Closed()
	}
	for _, f := range []func(){r.work, r.endDisposal} { // who was refused is told now
		if !r.stuck {
			r.wait(launch(1, f))
		}
	}
	if r.stuck {
		if r.world != nil { // where no runner waits for another but in turns
			r.ledger.Fail(0, fmt.Sprintf("nothing has happened for %v: perhaps a handler waits for another goroutine, such as for a lock that a layer has locked while it calls the handler inside", r.patience))
		}
		r.ledger.Stuck(r.patience)
		return
	}
	r.inspectBuffers()
}

// launch calls f on n goroutines. The channel is closed when all have returned.
func launch(n int, f func()) (returned <-chan struct{}) {
	var goroutines sync.WaitGroup
	for range n {
		goroutines.Go(f)
	}
	done := make(chan struct{})
	go func() {
		goroutines.Wait()
		close(done)
	}()
	return done
}

// launchRunners starts the goroutines that run the proactor. The channel is closed when all
// have returned.
func (r *run) launchRunners() (returned <-chan struct{}) {
	if r.world == nil {
		return launch(max(1, r.program.Runners), r.work)
	}
	return launch(1, func() {
		defer func() { r.caught(recover()) }() // the Chooser may have failed
		r.world.Turns(slices.Repeat([]func(){r.workUntilFailed}, r.program.Runners)...)
	})
}

// wait waits until goroutines have returned. It reports false if nothing happens any more
// and they have not. A run of which something is known to be wrong has a tenth of the time.
func (r *run) wait(returned <-chan struct{}) bool {
	const looks = 10
	watch := time.NewTicker(r.patience / looks)
	defer watch.Stop()
	for before, quiet := -1, 0; ; {
		select {
		case <-returned:
			return true
		case <-watch.C:
		}
		if now := r.ledger.Events(); now != before {
			before, quiet = now, 0
			continue
		}
		if quiet++; quiet == looks || r.stuck || len(r.ledger.Violations()) > 0 {
			r.stuck = true
			return false
		}
	}
}

// close closes the proactor, once.
func (r *run) close() {
	if !r.closing.Swap(true) {
		r.ledger.Closing()
		defer func() { r.caught(recover()) }()
		r.ledger.Call(func() { r.proactor.Close() })
	}
}

// work runs the proactor. Where the program has handlers end their goroutine, it does so on
// one goroutine after another.
func (r *run) work() {
	if !r.program.exits() {
		r.runProactor()
		return
	}
	for returned := false; !returned; {
		var goroutine sync.WaitGroup
		goroutine.Go(func() {
			r.runProactor()
			returned = true
		})
		goroutine.Wait()
		if !returned && r.toReplace.Add(-1) < 0 {
			r.toReplace.Add(1)
			runtime.Goexit() // it was no step that has ended the goroutine
		}
	}
}

// runProactor runs the proactor until that returns. It goes on after a panic that the program
// has planned.
func (r *run) runProactor() {
	r.ledger.Call(func() {
		for r.again() {
		}
	})
}

// workUntilFailed is work for a goroutine whose first turn may come when the run has failed.
func (r *run) workUntilFailed() {
	if !r.failed.Load() {
		r.work()
	}
}

// again runs the proactor, and reports whether a handler has ended that by a
// panic that the program has planned.
func (r *run) again() (planned bool) {
	defer func() { planned = r.caught(recover()) }()
	err := r.proactor.Run(r.ctx)
	if err != nil && !errors.Is(err, net.ErrClosed) && !r.failed.Load() {
		r.ledger.Fail(0, fmt.Sprintf("Run: %v", err))
	}
	return false
}

// panicSign is how the text of a violation begins that is a panic.
const panicSign = "panic: "

// caught judges a panic of a handler, or none, and reports whether the program
// has planned it.
func (r *run) caught(p any) (planned bool) {
	switch p := p.(type) {
	case nil:
		return false
	case plannedPanic:
		return true
	case contract.Violation: // which was noted
	case *sim.Deadlock:
		r.deadlocked(p)
		return false
	case *allocator.MisuseError:
		r.ledger.Fail(contract.SameBlock, p.Error())
	default:
		r.ledger.Fail(0, fmt.Sprint(panicSign, p))
	}
	r.stop()
	return false
}
