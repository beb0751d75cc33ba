package chains

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A chainRun is a chain of a program that is being run. Its fields belong to the
// chain: the handlers of the chain use them one after another, on whatever
// goroutine, and only the platform orders that.
type chainRun struct {
	run     *run
	number  int
	chain   *contract.Chain
	program *Chain
	texts   []string // the steps, as they print

	own, decoy *contract.Watched[ops.Operation]
	bytes      *contract.Watched[byte]
	frames     *contract.Watched[ops.Frame[composed]] // if a step needs them
	cos        *contract.Watched[ops.Co]              // likewise
	foreign    map[*frame]frameMemory                 // of registered kinds, likewise
	coMoved    int                                    // bytes, by a coroutine
	slot       ops.CancelSlot
	late       bool            // the operation has a deadline
	timer      *platform.Timer // from its first operation on
	users      users           // of the timer and the file: the chain, and who cancels what they have
	mail       mailbox
	end        *end       // of the connection that it talks over
	buf        []byte     // what it reads into
	returned   []returned // what it has read into before
	arrivals   arrivals
	buffers    [][]byte // of a vectored operation
	reader     ops.BufferedReader
	room       [8]byte           // of the reader
	packets    []platform.Packet // of a batch
	copying    copying
	layered    layered
	group      group
	queued     queued
	signals    *platform.Signals
	notes      notebook
	enclosed   enclosure

	at       int           // the step
	left     int           // bytes that the step has still to transfer
	attempts int           // of the step, so far
	begun    time.Duration // on the ledger's clock
	over     bool

	meeting atomic.Int32 // who has arrived: the end of the chain, and who joins it
	joiner  *chainRun
	forked  bool // it has begun; for the chain that forks and joins it

	cancels cancels
	seen    [2]int64 // cancels that were done when the operation began
}

// maxAttempts bounds how often a step is tried again.
const maxAttempts = 1000

// proceed takes steps until an operation is outstanding or the chain is over.
func (c *chainRun) proceed() {
	c.touch()
	for c.at < len(c.program.Steps) {
		s := &c.program.Steps[c.at]
		k := kindOf(s.Kind)
		if k.pass != nil {
			c.chain.Note("%s", c.texts[c.at])
			c.at++
			if !k.pass(c, s) {
				return // the chain may be anywhere by now
			}
			continue
		}
		if k.do == nil {
			if c.attempts == 0 {
				c.left = s.Size
			}
			c.begin(s, k)
			return // the chain may be anywhere by now
		}
		c.chain.Note("%s", c.texts[c.at])
		c.at++
		if k.do(c, s); c.over {
			return
		}
	}
	c.over = true
	c.leave()
	if c.meeting.Add(1) == 2 {
		c.joiner.proceed()
	}
}

// begin starts the operation of a step.
func (c *chainRun) begin(s *Step, k *kind) {
	if c.timer == nil {
		c.run.touchSessions()
		c.timer = c.run.timers.take()
		c.timer.Init(c.run.proactor)
	}
	o := c.chain.Next()
	h, expect := c.handler(o)
	if s.Depth > 0 {
		expect.Other = frames(c).ID()
		expect.Peak += s.Depth
	}
	if k.coroutine {
		expect.Other = cos(c).ID()
		expect.Peak++
	}
	if k.parts && c.program.Memory.Style == Standard {
		h = ops.WithAllocator[ops.Operation](h, c.own)
		expect.Allocator = c.own.ID()
	}
	if k.frame != nil {
		frames := c.framesOf(k)
		h = frames.associate(h)
		expect.Other = frames.ID()
		expect.Peak++
	}
	if k.arrives && c.left > 0 {
		expect.Other = failingArrivals(c).ID()
	}
	if k.own {
		expect.Peak, expect.Apart = 0, true
	} else if c.attempts < s.Refuse {
		c.refuse(s)
	}
	expect.Apart = expect.Apart || k.apart
	var cancel func()
	if c.attempts == 0 || k.once { // a second time, a transfer goes on
		cancel = c.canceler(s, k)
		if c.late = s.Cancel == CancelLate; c.late {
			h = ops.WithTimeout(h, lateAfter)
		}
	} else {
		c.late = false
	}
	c.attempts++
	if !c.queued.open { // else what was cancelled meanwhile may still show
		c.seen = [2]int64{c.cancels.done.Load()}
		if c.end != nil {
			c.seen[1] = c.end.cancels.done.Load()
		}
	}
	c.begun = c.run.ledger.Now()
	o.Start(c.texts[c.at], expect, func() { k.start(c, s, h) })
	if cancel != nil {
		c.run.yield()
		cancel()
	}
}

// lateAfter is the deadline of an operation that is cancelled when it is late.
const lateAfter = 100 * time.Microsecond

// refuse makes an allocator of the chain fail: that of the frames first, or that of what
// arrives, if there is one.
func (c *chainRun) refuse(s *Step) {
	if s.Depth > 0 && c.attempts%2 == 0 {
		frames(c).Refuse(c.attempts/2%s.Depth, 1)
		return
	}
	k := kindOf(s.Kind)
	switch {
	case k.coroutine:
		c.refuseCoroutine()
	case k.frame != nil && c.attempts%2 == 0:
		c.framesOf(k).Refuse(0, 1)
	case k.arrives && c.left > 0 && c.attempts%2 == 0:
		c.arrivals.fails = true
	default:
		c.own.Refuse(0, 1)
	}
}

// canceler returns the function that cancels the operation that is about to be
// started, or nil. When that is called, the chain may have gone on already. So
// the function uses nothing that belongs to the chain, and what it cancels is
// not disposed of before.
func (c *chainRun) canceler(s *Step, k *kind) func() {
	switch s.Cancel {
	case CancelSlot:
		return func() { c.cancels.cancel(func() { c.slot.Cancel() }) }
	case CancelMoved, CancelPassed:
		return c.mover(s, k)
	case CancelAll:
		all, by, of := k.cancel(c, s), &c.cancels, &c.users
		switch {
		case k.transfers || k.name == "end":
			by, of = c.end.cancels, &c.end.users
		case k.name == "accept":
			of = &c.run.links[s.Link].users
		case k.mail:
			of = &c.mail.users
		}
		of.n.Add(1)
		return func() {
			by.cancel(all)
			of.leave()
		}
	}
	return nil
}

// completed goes on after the operation of the current step.
func (c *chainRun) completed(o contract.Operation, n int, err error) {
	if c.over {
		return // a handler too many: the ledger has seen it
	}
	s := &c.program.Steps[c.at]
	k := kindOf(s.Kind)
	if k.finish != nil {
		if n, err = k.finish(c, n, err); err == ops.ErrWouldBlock {
			c.again(o, n, err)
			return
		}
	}
	if k.transfers {
		if wrong := c.moved(k.role, n); wrong != "" {
			c.fail(o, "was told %d, %v: %s", n, err, wrong)
			return
		}
	}
	if k.reads && (errors.Is(err, ops.ErrCanceled) || errors.Is(err, os.ErrDeadlineExceeded)) {
		c.setAside(o)
	}
	switch {
	case c.run.refuses(err):
		c.over = true
		return
	case errors.Is(err, allocator.ErrExhausted):
		c.again(o, n, err) // the ledger knows whether there was reason for it
		return
	case errors.Is(err, ops.ErrCanceled) && c.mayBeCancelled(), errors.Is(err, os.ErrDeadlineExceeded) && (c.removeDeadline(s, k) || c.late):
		switch {
		case k.connects:
			// Not once more: the listener may have this attempt already,
			// and would close when the next one is under way.
			c.giveUp(s.Link)
			c.proceed()
		case k.once || k.transfers && c.left == 0 && s.Size > 0:
			c.advance(k)
		default:
			c.again(o, n, err)
		}
		return
	case c.run.world != nil && passes(s, err):
		c.again(o, n, err)
		return
	case c.mayBreak(s, err):
		c.giveUp(s.Link)
		c.proceed()
		return
	}
	if wrong := k.check(c, s, n, err); wrong != "" {
		c.fail(o, "was told %d, %v: %s", n, err, wrong)
		return
	}
	if k.transfers && c.left > 0 {
		c.attempts = 1 // there was progress
		c.again(o, n, err)
		return
	}
	c.advance(k)
}

func (c *chainRun) advance(k *kind) {
	s := &c.program.Steps[c.at]
	c.at++
	c.attempts = 0
	c.proceed()
	if k.name == "panic" {
		c.run.die(s.Exit)
	}
}

// again tries the step once more, for what is left of it.
func (c *chainRun) again(o contract.Operation, n int, err error) {
	if c.attempts >= maxAttempts {
		c.fail(o, "was told %d, %v the %dth time, without progress in between: whoever tries again for that reason does so for ever", n, err, c.attempts)
		return
	}
	c.proceed()
}

// fail notes a wrong result and ends the run: what other chains wait for may
// never come.
func (c *chainRun) fail(o contract.Operation, format string, args ...any) {
	c.over = true
	o.Fail(0, format, args...)
	c.run.stop()
}

// mayBeCancelled reports whether something that concerns the chain's operation
// was cancelled since it began.
func (c *chainRun) mayBeCancelled() bool {
	return c.cancels.begun.Load() > c.seen[0] || c.end != nil && c.end.cancels.begun.Load() > c.seen[1]
}

// mayBreak reports whether err is an error that the operation of a step on a
// broken link may end with.
func (c *chainRun) mayBreak(s *Step, err error) bool {
	if err == nil || kindOf(s.Kind).role == local {
		return false
	}
	if !c.run.links[s.Link].broken.Load() && c.run.weather.Reset == 0 { // else the network may have reset it
		return false
	}
	for _, e := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, syscall.ENOTCONN, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// giveUp closes the connection at once and goes to the step after its last.
func (c *chainRun) giveUp(link int) {
	l := c.run.links[link]
	l.touch()
	l.broken.Store(true)
	c.end.conn.Close()
	l.listener.Close() // a connection that was not accepted yet ends as well
	c.attempts = 0
	for c.at < len(c.program.Steps) {
		s := c.program.Steps[c.at]
		c.at++
		if s.Kind == "close" && s.Link == link {
			break
		}
	}
	c.end.leave()
}

// leave is called when the chain is over.
func (c *chainRun) leave() {
	for _, s := range c.program.Steps {
		if s.Kind == "send to" {
			c.run.chains[s.Chain].touch()
			c.run.chains[s.Chain].mail.users.leave()
		}
	}
	if c.mail.conn != nil {
		c.mail.users.leave()
	}
	c.users.leave()
}

func (c *chainRun) String() string { return fmt.Sprintf("chain %s", c.chain.Name()) }
