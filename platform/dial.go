package platform

import (
	"context"
	"net"
	"net/netip"
	"time"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// A dial is several connects, of which the first that succeeds is kept.
//
// It is one operation, of ops.KindDial, outstanding on a socket that has no descriptor:
// so it has a timeout, is cancelled, closed and abandoned like any other, and no backend
// ever sees it. Each attempt is a connect on a socket of its own. At the end the Conn
// becomes that of the attempt which has won.
//
// The lock of the socket guards the dial. It comes before those of the attempts' sockets.
type dial struct {
	p      *Proactor
	dialer *Dialer
	target target
	conn   *Conn
	s      *socket
	number uint64
	op     *ops.Operation

	lookup lookup
	stop   context.CancelFunc // of the lookup

	attempts []attempt
	started  int // of the attempts
	pending  int // of those, how many have not ended
	winner   *attempt
	err      error // of the lookup
	ending   bool  // nothing is started any more
	over     bool  // the operation has ended

	timer Timer // for the next attempt
	news  combinators.SingleSlot[ops.Operation]
}

// An attempt is a connect to one of the addresses. It has the memory for that and for the
// wait until the next one, of which those of several attempts may overlap.
type attempt struct {
	d           *dial
	conn        Conn
	to          netip.AddrPort
	err         error // why it has failed
	slot, alarm combinators.SingleSlot[ops.Operation]
}

// fallbackDelay is that of package net.
const fallbackDelay = 300 * time.Millisecond

func newDial(p *Proactor, dialer *Dialer, t target) *dial {
	d := &dial{p: p, dialer: dialer, target: t}
	d.timer.Init(p)
	return d
}

// claimed says which socket and operation the dial has.
func (d *dial) claimed(s *socket, c *Conn, op *ops.Operation) {
	d.s, d.number, d.conn, d.op = s, s.Number.Load(), c, op
	op.Kind, op.Arg = ops.KindDial, unsafe.Pointer(d)
}

// begin starts the attempts, or the lookup of where they go.
func (d *dial) begin() {
	d.s.lock()
	defer d.s.unlock()
	if d.over || d.s.Number.Load() != d.number || d.s.Queues[backend.Writing].First() != d.op {
		return // it has ended already
	}
	d.lookup = lookup{target: d.target, resolver: d.dialer.Resolver, done: d.tell}
	d.lookup.ctx, d.stop = context.WithCancel(context.Background())
	_, isolated := d.p.lowest.(backend.Isolated)
	switch {
	case d.target.host == "" && d.target.service == "":
		d.lookup.run()
		d.tell()
	case isolated:
		if d.lookup.resolver == nil {
			d.lookup.resolver = nobody{}
		}
		ops.Post(d.p, (*lookingUp)(d))
	default:
		if d.lookup.resolver == nil {
			d.lookup.resolver = net.DefaultResolver
		}
		d.p.lookups.start(&d.lookup)
	}
}

// tell makes the proactor go on with what the lookup has found.
func (d *dial) tell() { ops.Post(d.p, (*lookedUp)(d)) }

// lookingUp is a dial as the handler that looks up a name itself.
type lookingUp dial

func (h *lookingUp) Allocator() allocator.Allocator[ops.Operation] { return &h.news }

func (h *lookingUp) Complete(int, error) {
	h.lookup.serve()
}

// lookedUp is a dial as the handler that is called when the addresses are known.
type lookedUp dial

func (h *lookedUp) Allocator() allocator.Allocator[ops.Operation] { return &h.news }

func (h *lookedUp) Complete(int, error) {
	d := (*dial)(h)
	d.step(func(out *record.Queue) {
		if d.ending {
			return
		}
		if d.err = d.lookup.err; d.err == nil {
			to := d.dialer.choose(d.target.network, d.lookup.found)
			d.attempts = make([]attempt, len(to))
			for i, addr := range to {
				d.attempts[i].d, d.attempts[i].to = d, netip.AddrPortFrom(addr, d.lookup.port)
			}
			if len(to) == 0 {
				d.err = &net.AddrError{Err: "platform: no address that suits", Addr: d.target.address}
			}
		}
		d.startNext()
	})
}

// step does something to a dial that has not ended, and ends it if nothing is left to
// wait for.
func (d *dial) step(do func(out *record.Queue)) {
	var out record.Queue
	defer d.p.finish(&out)
	d.s.lock()
	defer d.s.unlock()
	if d.over {
		return
	}
	do(&out)
	if d.pending > 0 {
		return
	}
	if d.winner == nil {
		switch {
		case d.ending:
			d.op.Err = ops.ErrCanceled
		case d.err != nil:
			d.op.Err = d.err
		default:
			d.op.Err = d.attempts[0].err
		}
	}
	d.s.Queues[backend.Writing].Pop()
	d.s.giveReason(d.op)
	d.s.ended(d.op, &out)
	d.s.freeIfQuiet()
}

// startNext starts the next attempt, if there is one, and a timer for the one after it.
func (d *dial) startNext() {
	if d.started == len(d.attempts) {
		return
	}
	a := &d.attempts[d.started]
	d.started++
	d.pending++
	d.p.connect(&a.conn, a.to, d.dialer, a)
	if d.started > 1 {
		d.timer.Cancel() // the attempt before has failed
	}
	delay := d.dialer.FallbackDelay
	if delay == 0 {
		delay = fallbackDelay
	}
	if delay > 0 && d.started < len(d.attempts) {
		d.timer.Wait(delay, (*overdue)(a))
	}
}

// connect connects c to an address.
func (p *Proactor) connect(c *Conn, to netip.AddrPort, d *Dialer, h ops.Handler) {
	op := ops.Begin(h, p.alloc)
	op.Kind = ops.KindConnect
	if op.Err == nil {
		op.Err = backend.SetAddr(op, to)
	}
	if d.hasSource() {
		backend.SetSource(op, &d.LocalAddr)
	}
	if op.Err == nil {
		d.setOptions(op)
	}
	p.claimAndStart(c, op)
}

// overdue is an attempt as the handler that is called when it takes too long.
type overdue attempt

func (h *overdue) Allocator() allocator.Allocator[ops.Operation] { return &h.alarm }

func (h *overdue) Complete(_ int, err error) {
	if err != nil {
		return // there is nothing to wait for any more
	}
	d := h.d
	d.step(func(*record.Queue) {
		if !d.ending && (*attempt)(h) == &d.attempts[d.started-1] { // else it has failed meanwhile, and the next was started
			d.startNext()
		}
	})
}

func (a *attempt) Allocator() allocator.Allocator[ops.Operation] { return &a.slot }

// Complete is called when the attempt has ended.
func (a *attempt) Complete(_ int, err error) {
	d := a.d
	d.step(func(out *record.Queue) {
		d.pending--
		switch {
		case err == nil && d.ending:
			a.conn.h.shut(out)
		case err == nil:
			d.winner = a
			d.hangUp(out)
		case d.ending:
		default:
			a.err = err
			d.startNext()
		}
	})
}

// hangUp ends everything but the winner.
func (d *dial) hangUp(out *record.Queue) {
	d.ending = true
	if d.stop != nil {
		d.stop()
		d.p.lookups.drop(&d.lookup)
	}
	d.timer.Cancel()
	for i := range d.attempts[:d.started] {
		if a := &d.attempts[i]; a != d.winner {
			a.conn.h.shut(out)
		}
	}
}

// cancel ends the dial early, as backend.Backend.Cancel does an operation. Its
// operation is the first of its socket. The caller holds the lock.
func (d *dial) cancel(out *record.Queue) (ended bool) {
	d.hangUp(out)
	// Once the proactor is closed it does not call the handlers that would say that the
	// attempts have ended, and does not call that of the dial either.
	return d.pending == 0 || d.p.closed.Load()
}

// settle is called when the operation has ended, and gives the Conn the connection of the
// winner. The caller holds the lock.
func (d *dial) settle(out *record.Queue) {
	d.over = true
	if d.stop != nil {
		d.stop()
	}
	op, s := d.op, d.s
	switch {
	case s.State != record.Opening:
		op.Err = net.ErrClosed
	case op.Err == nil:
		if !d.conn.h.pass(&d.winner.conn.h, d.number) {
			op.Err = net.ErrClosed
		}
	default:
		op.Err = whence("dial", d.target.network, sourceAddr(d.dialer), &d.target, op.Err)
	}
	if op.Err != nil && d.winner != nil {
		d.winner.conn.h.shut(out)
	}
	if s.State == record.Opening {
		s.shut(out)
	}
}

// sourceAddr returns the address to dial from, or nil.
func sourceAddr(d *Dialer) net.Addr {
	if !d.hasSource() {
		return nil
	}
	return net.TCPAddrFromAddrPort(d.LocalAddr)
}
