package contract

import (
	"io"
	"strings"

	"github.com/heirloom-go/heirloom/proptest/internal/timeline"
)

// A Timeline is a picture of a run. It has a lane for each chain, with a span for
// everything that lasts from one event to another. Print it on a terminal, or draw
// it with [Timeline.WriteSVG].
type Timeline struct{ drawing timeline.Timeline }

// String draws the timeline for a terminal. Of a long run it shows the events
// around the first violation, or the first events.
func (t *Timeline) String() string { return t.drawing.String() }

// WriteSVG writes the timeline to w as a self-contained SVG image, for light and
// for dark backgrounds. The title stands above it. The horizontal axis shows
// events, and not the time between them. The same run gives the same bytes. Its
// error is that of w.
//
// An image shows about 200 events, or 100 if there are many lanes. If there are
// more, it shows those around the first violation.
func (t *Timeline) WriteSVG(w io.Writer, title string) error { return t.drawing.WriteSVG(w, title) }

// Timeline returns the timeline of the events that the ledger still has, at least
// the last 16384, with the violations found so far.
func (l *Ledger) Timeline() *Timeline {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settleLocked()
	drawn := new(Timeline)
	b := timelineBuilder{
		t:         &drawn.drawing,
		offending: make(map[int]bool),
		ticks:     make(map[int]int),
		open:      make(map[spanKey]int),
		runners:   make(map[uint64]int),
	}
	for _, c := range l.chains {
		b.t.Lanes = append(b.t.Lanes, timeline.Lane{Name: c.name})
	}
	for _, v := range l.judge.violations {
		b.offending[v.event] = true
	}
	for i := range l.history {
		b.add(&l.history[i])
	}
	end := len(b.t.At)
	for k, i := range b.open {
		b.t.Lanes[k.lane].Spans[i].To = end
	}
	for _, v := range l.judge.violations {
		tick, ok := b.ticks[v.event]
		if !ok {
			tick = end // what was missing, was so when the run was over
		}
		b.t.Marks = append(b.t.Marks, timeline.Mark{Tick: tick, Lane: v.chain - 1, Title: v.title(), Where: v.where(), Text: v.explanation()})
	}
	return drawn
}

// A timelineBuilder makes a timeline of the events of a ledger.
type timelineBuilder struct {
	t         *timeline.Timeline
	offending map[int]bool    // events
	ticks     map[int]int     // of the offending events
	open      map[spanKey]int // spans that have not ended, by their place in the lane
	runners   map[uint64]int  // goroutines that were seen in handlers
}

type spanKey struct {
	lane int
	kind timeline.Kind
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
	block := spanKey{lane, timeline.Allocated, uint64(e.block)}
	kernel := spanKey{lane, timeline.Kernel, uint64(e.block)}
	handler := spanKey{lane, timeline.Handler, uint64(e.operation)}
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
		b.point(e, lane, timeline.Refused)
	case eventAbandoned:
		b.point(e, lane, timeline.Abandoned)
	case eventNote:
		b.label(lane, e.what)
		b.point(e, lane, timeline.Note)
	case eventFailed, eventWritten, eventCollected:
		b.point(e, lane, timeline.Note)
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
	l.Labels = append(l.Labels, timeline.Label{Tick: len(b.t.At), Text: text})
}

func (b *timelineBuilder) begin(e *event, k spanKey) {
	if _, ok := b.open[k]; ok {
		return // the backend was given the operation once more
	}
	s := timeline.Span{Kind: k.kind, From: b.tick(e)}
	if k.kind == timeline.Handler {
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

func (b *timelineBuilder) point(e *event, lane int, kind timeline.Kind) {
	at := b.tick(e)
	l := &b.t.Lanes[lane]
	l.Spans = append(l.Spans, timeline.Span{Kind: kind, From: at, To: at})
}

// outcome returns an error in a word or two.
func outcome(err error) string {
	text := err.Error()
	if at := strings.LastIndex(text, ": "); at >= 0 {
		text = text[at+2:]
	}
	return timeline.Failure + text
}
