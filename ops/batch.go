package ops

import (
	"sync"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops/reach"
)

// A Batch is several operations that run at the same time and end together. Use it to
// take the first of several answers, to wait for all, or to limit the time of one. Once
// the outcome is decided, the batch cancels the other operations, and waits until the
// kernel is done with them too. So when the handler of the batch is called, no buffer is
// in use any more.
//
// The memory of the operations is in members that the caller owns, so a batch allocates
// nothing:
//
//	b.Start(members[:], ops.UntilFirst, h)
//	conn.Read(buf, &members[0])
//	timer.Wait(time.Second, &members[1])
//
// The zero value is ready. A batch must not be copied after its first use. It can be
// started again once its handler has been called, also by that handler. Its members may
// be on several proactors, unless one of them was promised a single runner.
//
// (Zig's Io.Batch and Asio's parallel_group do the same. A group of Asio allocates.)
type Batch struct {
	mu      sync.Mutex
	members []Member
	until   Until
	timeout time.Duration

	left      int // members that have not ended
	decided   int // the member that decided, or -1
	failed    int // the first member that ended with an error, or -1
	abandoned bool

	// op represents the batch for what looks up its handler. It is never
	// outstanding itself.
	op Operation
}

// Until says what a [Batch] waits for. Once that has happened, the batch cancels the
// operations that are left.
type Until uint8

const (
	// UntilAll waits for all members. None is cancelled.
	UntilAll Until = iota

	// UntilFirst waits for the first member that ends, with or without an
	// error. Use it for an operation and a timer that limits it.
	UntilFirst

	// UntilSuccess waits for the first member that ends without an error. Use it
	// to take the answer of the fastest of several servers.
	UntilSuccess

	// UntilError waits for all members, or for the first that ends with an error.
	// Use it for parts that are of no use without the others.
	UntilError
)

// A Member is the handler of one operation in a [Batch], and contains its memory. The
// operation may be of any kind, including a composed one that has one block at a time.
// The member may be wrapped: by [WithExecutor], or with an allocator of byte for
// [ReadOnArrival].
//
// The operation has the timeout associated with the handler of the batch.
type Member struct {
	// N and Err are the results of the operation. The handler of the batch may
	// read them.
	N   int
	Err error

	batch *Batch
	ended bool
	block block
	slot  CancelSlot
}

// Start starts a batch. The caller starts one operation for each member right after
// that, with the member as its handler. If the outcome is decided before a member's
// operation is started, that operation is cancelled as soon as it starts.
//
// When all members have ended, h is called once, with the index and the error of the
// member that decided: the first that ended, succeeded or failed, depending on until.
// If none decided, h is called with the number of members, and with the first error, or
// nil. Cancelling h cancels the members; so does closing its
// proactor.
func (b *Batch) Start(members []Member, until Until, h Handler) {
	switch {
	case len(members) == 0:
		panic("ops: Batch: no members")
	case until > UntilError:
		panic("ops: Batch: no such Until")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left > 0 {
		panic("ops: Batch: it is outstanding already")
	}
	b.timeout = b.op.beginHere(h)
	b.members, b.until = members, until
	b.left, b.decided, b.failed, b.abandoned = len(members), -1, -1, false
	for i := range members {
		m := &members[i]
		m.batch, m.ended = b, false
		m.slot.spare()
	}
	armed := b.op.Arm(b)
	reach.Sometimes(!armed, reach.BatchCanceledAtStart)
	if !armed {
		b.cancelMembers()
	}
}

// Cancel cancels the members that have not ended, including those whose operation
// has not been started yet. The handler is called when all have ended.
func (b *Batch) Cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cancelMembers()
}

// CancelOperation implements [Canceler].
func (b *Batch) CancelOperation(s *CancelSlot) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Requested(b) != nil {
		b.cancelMembers()
	}
}

// cancelFrom is CancelOperation for a goroutine that runs an executor, or none; see
// [CancelSlot.cancelFrom].
func (b *Batch) cancelFrom(s *CancelSlot, at Executor) (elsewhere Executor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Requested(b) == nil {
		return nil
	}
	for i := range b.members {
		if m := &b.members[i]; !m.ended {
			m.slot.doom()
			if ex := m.slot.cancelFrom(at); ex != nil {
				elsewhere = ex
			}
		}
	}
	return elsewhere
}

// cancelMembers cancels the members that are left. The caller holds the lock, so before
// that is done the batch does not end, and its members are not used again.
func (b *Batch) cancelMembers() {
	if b.left == 0 {
		return
	}
	for i := range b.members {
		if m := &b.members[i]; !m.ended {
			m.slot.doom()
			m.slot.Cancel()
		}
	}
}

// end notes the end of a member, and reports whether it was the last.
func (b *Batch) end(m *Member, n int, err error, abandoned bool) (last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m.ended || m.batch != b {
		panic("ops: Batch: an operation of a Member ended that was not started, or the second one")
	}
	m.N, m.Err, m.ended = n, err, true
	b.left--
	b.abandoned = b.abandoned || abandoned
	if abandoned {
		b.cancelMembers() // they may be on another proactor
	} else {
		b.judge(m)
	}
	if b.left > 0 {
		return false
	}
	b.op.Disarm()
	b.op.N = len(b.members)
	if at := b.decided; at >= 0 {
		b.op.N, b.op.Err = at, b.members[at].Err
	} else if b.failed >= 0 {
		b.op.Err = b.members[b.failed].Err
	}
	return true
}

// judge checks whether a member that has ended decides the outcome.
func (b *Batch) judge(m *Member) {
	at := 0
	for &b.members[at] != m {
		at++
	}
	if m.Err != nil && b.failed < 0 {
		b.failed = at
	}
	if b.decided >= 0 {
		return
	}
	switch b.until {
	case UntilFirst:
	case UntilSuccess:
		if m.Err != nil {
			return
		}
	case UntilError:
		if m.Err == nil {
			return
		}
	default:
		return
	}
	b.decided = at
	reach.Sometimes(b.left > 0, reach.BatchDecidedEarly)
	b.cancelMembers()
}

// Complete takes the result of the operation.
func (m *Member) Complete(n int, err error) {
	b := m.started()
	if b.end(m, n, err, false) {
		b.conclude()
	}
}

// Abandon is called in place of Complete when the proactor was closed.
func (m *Member) Abandon() {
	b := m.started()
	if b.end(m, 0, nil, true) {
		b.conclude()
	}
}

// conclude calls the handler, or abandons it. From then on the batch belongs to the
// program.
func (b *Batch) conclude() {
	if b.abandoned {
		b.op.Abandon()
	} else {
		b.op.Complete()
	}
}

func (m *Member) started() *Batch {
	if m.batch == nil {
		panic("ops: a Member is the handler of an operation, and its Batch was not started")
	}
	return m.batch
}

// Allocator returns the allocator that hands out the member's own memory.
func (m *Member) Allocator() allocator.Allocator[Operation] { return &m.block }

// CancelSlot returns the slot by which the batch cancels the operation. The program may
// cancel it too.
func (m *Member) CancelSlot() *CancelSlot { return &m.slot }

// Timeout returns the timeout of the handler of the batch.
func (m *Member) Timeout() time.Duration { return m.started().timeout }
