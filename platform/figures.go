package platform

import (
	"sync"
	"sync/atomic"

	"github.com/heirloom-go/heirloom/ops"
)

// How Stats gets its figures at no cost in the path of an operation.
//
// Where several goroutines run the proactor, the lock guards what the leader counts, a
// few additions a poll, and what is outstanding is counted when somebody asks.
//
// A single runner takes no lock, so nobody else can look at its figures. It counts for
// itself what is outstanding, with additions that are not atomic, and publishes all its
// figures: before it sleeps, so that those of a proactor at rest are exact, when it
// leaves Run, and otherwise every 100 µs, because publishing costs more than counting.

// figures are what the leader counts, by what they are.
type figures [outstanding + ops.Kinds]int64

const (
	polls = iota
	completions
	handlers
	parks
	looks
	looksPaid
	timersWaiting
	begun       // and not ended
	outstanding // the first of one for each kind
)

// publishedFigures are those that a single runner lets others see. There are three
// buffers: the runner's, which it writes, the readers', and one between them that each
// side exchanges for its own. So publishing is one copy and one exchange.
type publishedFigures struct {
	buffers [3]figures
	writes  uint32        // the buffer of the runner
	between atomic.Uint32 // a buffer, and fresh if the runner has left it there

	mu    sync.Mutex // of those who read
	reads uint32
}

const fresh = 4

func (f *publishedFigures) init() {
	f.writes = 1
	f.between.Store(2)
}

// next returns where to write what is published next.
func (f *publishedFigures) next() *figures { return &f.buffers[f.writes] }

func (f *publishedFigures) publish() { f.writes = f.between.Swap(f.writes|fresh) &^ fresh }

// read returns what was published last.
func (f *publishedFigures) read() figures {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.between.Load()&fresh != 0 {
		f.reads = f.between.Swap(f.reads) &^ fresh
	}
	return f.buffers[f.reads]
}

// publishAfter is how old, in nanoseconds, published figures may become.
const publishAfter = 100_000

// countOutstanding adds n to the number of operations of a single runner that wait.
func (p *Proactor) countOutstanding(op *ops.Operation, n int64) {
	if p.single {
		p.figures[outstanding+int(op.Kind)] += n
	}
}

// isToPark counts a poll that waits. The caller is the leader and holds the lock.
func (p *Proactor) isToPark() {
	p.figures[parks]++
	if p.countPolls(); p.single {
		p.publish()
	}
}

// hasPolled counts what the leader has done. The caller holds the lock.
func (p *Proactor) hasPolled() {
	p.countPolls()
	if p.single && p.pollEnd-p.publishedAt > publishAfter {
		p.publish()
	}
}

func (p *Proactor) countPolls() {
	p.figures[polls] += p.counted.polls
	p.figures[completions] += p.counted.completions
	p.counted.polls, p.counted.completions = 0, 0
}

// publish lets others see the figures of a single runner, who is the caller.
func (p *Proactor) publish() {
	p.publishedAt = p.pollEnd
	p.countPolls()
	f := p.published.next()
	*f = p.figures
	f[handlers] += int64(p.sincePoll)
	f[timersWaiting] = int64(len(p.timers))
	f[begun] = p.held
	p.published.publish()
}

// count returns the figures of a proactor that several goroutines may run, which takes
// the locks of all its sockets in turn.
func (p *Proactor) count() figures {
	p.mu.Lock()
	f := p.figures
	f[handlers] += int64(p.sincePoll)
	f[timersWaiting] = int64(len(p.timers))
	for _, t := range p.timers {
		if t.op.Kind == ops.KindWait {
			f[outstanding+int(ops.KindWait)]++
		}
	}
	for _, s := range p.signals {
		for op := s.waits.First(); op != nil; op = s.waits.Next(op) {
			f[outstanding+int(ops.KindWaitSignal)]++
		}
	}
	sockets := append([]*socket(nil), p.sockets...)
	p.mu.Unlock()
	for _, s := range sockets {
		s.countQueues(&f)
	}
	f[begun] = p.work.Load()
	return f
}

// ready returns how many operations are begun and wait for nothing but their handlers.
func (f *figures) ready() int64 {
	n := f[begun]
	for _, waiting := range f[outstanding:] {
		n -= waiting
	}
	return max(0, n) // some may have ended while they were counted
}

// countQueues counts what is outstanding on the socket.
func (s *socket) countQueues(f *figures) {
	s.lock()
	defer s.unlock()
	for i := range s.Queues {
		q := &s.Queues[i]
		for op := q.First(); op != nil; op = q.Next(op) {
			f[outstanding+int(op.Kind)]++
		}
	}
}
