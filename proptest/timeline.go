package proptest

import (
	"strings"
	"time"
)

// A Timeline is what happened in a run, arranged to be drawn: a lane for each
// chain, and in it spans from tick to tick. A tick is an event that shows; the
// distance of two says nothing about the time between them, which At tells.
//
// Print it, draw it with [Timeline.WriteSVG], or in another way.
type Timeline struct {
	Lanes []Lane
	At    []time.Duration // when each tick was, since the beginning
	Marks []Mark          // the violations
}

// A Lane is one chain.
type Lane struct {
	Name   string
	Spans  []Span
	Labels []Label
}

// A Span is something that lasted in a lane. It begins and ends with an event.
type Span struct {
	Kind     SpanKind
	From, To int // ticks; To is the number of ticks if it did not end
	Runner   int // for SpanHandler: which goroutine, from 1
}

// SpanKind says what lasted.
type SpanKind uint8

// What lasts. Of two spans at one tick the later kind in this list hides the
// earlier one.
const (
	SpanAllocated SpanKind = iota // a block of an operation is allocated
	SpanKernel                    // the backend has the operation
	SpanHandler                   // a handler is running
	SpanRefused                   // an allocator has failed; lasts one tick
	SpanAbandoned                 // a layer of a handler was abandoned; lasts one tick
	SpanNote                      // something else; lasts one tick
)

// A Label says what was begun at a tick.
type Label struct {
	Tick int
	Text string
}

// A Mark is a violation at a tick of a lane; Lane is -1 if it concerns none.
type Mark struct {
	Tick, Lane int
	Violation  Violation
}

// Timeline returns the timeline of what the ledger remembers, with the
// violations found so far.
func (l *Ledger) Timeline() *Timeline {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	b := timelineBuilder{
		t:         &Timeline{},
		offending: make(map[int]bool),
		ticks:     make(map[int]int),
		open:      make(map[spanKey]int),
		runners:   make(map[uint64]int),
	}
	for _, c := range l.chains {
		b.t.Lanes = append(b.t.Lanes, Lane{Name: c.name})
	}
	for _, v := range l.arbiter.violations {
		b.offending[v.event] = true
	}
	for i := range l.history {
		b.add(&l.history[i])
	}
	end := len(b.t.At)
	for k, i := range b.open {
		b.t.Lanes[k.lane].Spans[i].To = end
	}
	for _, v := range l.arbiter.violations {
		tick, ok := b.ticks[v.event]
		if !ok {
			tick = end // what was missing, was so when the run was over
		}
		b.t.Marks = append(b.t.Marks, Mark{tick, v.chain - 1, v})
	}
	return b.t
}

// A timelineBuilder makes a timeline of the events of a ledger.
type timelineBuilder struct {
	t         *Timeline
	offending map[int]bool    // events
	ticks     map[int]int     // of the offending events
	open      map[spanKey]int // spans that have not ended, by their place in the lane
	runners   map[uint64]int  // goroutines that were seen in handlers
}

type spanKey struct {
	lane int
	kind SpanKind
	key  uint64 // the block, or the operation
}

func (b *timelineBuilder) add(e *event) {
	lane := e.chain - 1
	if b.offending[e.seq] {
		b.ticks[e.seq] = len(b.t.At)
	}
	if lane < 0 {
		if b.offending[e.seq] || e.kind == eventClose || e.kind == eventClosed {
			b.tick(e)
		}
		return
	}
	block := spanKey{lane, SpanAllocated, uint64(e.block)}
	kernel := spanKey{lane, SpanKernel, uint64(e.block)}
	handler := spanKey{lane, SpanHandler, uint64(e.operation)}
	switch e.kind {
	case eventStart:
		b.label(lane, e.what)
		if b.offending[e.seq] {
			b.tick(e)
		}
	case eventAllocated:
		b.begin(e, block)
	case eventReleased:
		b.end(e, kernel) // if it still was there, the ledger has said so
		b.end(e, block)
	case eventKernel:
		b.begin(e, kernel)
	case eventKernelDone:
		b.end(e, kernel)
	case eventHandler:
		if e.err != nil {
			b.label(lane, outcome(e.err))
		}
		b.begin(e, handler)
	case eventHandlerReturned:
		b.end(e, handler)
	case eventRefused:
		b.point(e, lane, SpanRefused)
	case eventAbandoned:
		b.point(e, lane, SpanAbandoned)
	case eventNote:
		b.label(lane, e.what)
		b.point(e, lane, SpanNote)
	case eventFailed, eventWritten, eventCollected:
		b.point(e, lane, SpanNote)
	default:
		if b.offending[e.seq] {
			b.tick(e)
		}
	}
}

// tick adds a tick for an event.
func (b *timelineBuilder) tick(e *event) int {
	b.t.At = append(b.t.At, e.at)
	return len(b.t.At) - 1
}

func (b *timelineBuilder) label(lane int, text string) {
	l := &b.t.Lanes[lane]
	l.Labels = append(l.Labels, Label{len(b.t.At), text})
}

func (b *timelineBuilder) begin(e *event, k spanKey) {
	if _, ok := b.open[k]; ok {
		return // the backend was given the operation once more
	}
	s := Span{Kind: k.kind, From: b.tick(e)}
	if k.kind == SpanHandler {
		if b.runners[e.goroutine] == 0 {
			b.runners[e.goroutine] = len(b.runners) + 1
		}
		s.Runner = b.runners[e.goroutine]
	}
	l := &b.t.Lanes[k.lane]
	b.open[k] = len(l.Spans)
	l.Spans = append(l.Spans, s)
}

func (b *timelineBuilder) end(e *event, k spanKey) {
	if i, ok := b.open[k]; ok {
		delete(b.open, k)
		b.t.Lanes[k.lane].Spans[i].To = b.tick(e)
	} else if b.offending[e.seq] {
		b.tick(e)
	}
}

func (b *timelineBuilder) point(e *event, lane int, kind SpanKind) {
	at := b.tick(e)
	l := &b.t.Lanes[lane]
	l.Spans = append(l.Spans, Span{Kind: kind, From: at, To: at})
}

// outcome returns an error in a word or two.
func outcome(err error) string {
	text := err.Error()
	if at := strings.LastIndex(text, ": "); at >= 0 {
		text = text[at+2:]
	}
	return outcomeSign + text
}
