package timeline

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The timeline as text. A lane has a row with a sign for every tick and, below
// it, a row that says what was begun:
//
//	0 client   [══](1[══](2)
//	           connect write 64
//
// A row with a mark follows where the contract was broken. What does not fit
// into the width goes on in the next band.

const (
	textWidth  = 100 // signs in a band
	ticksShown = 300 // a longer timeline is shown around the first violation, or from the beginning
)

const legend = "[─] block allocated   ═ backend has it   (1) handler, on runner 1   × allocator failed   † abandoned   • other"

// String draws the timeline for a terminal.
func (t *Timeline) String() string {
	var b strings.Builder
	from, to := t.around(ticksShown)
	fmt.Fprintf(&b, "%s\n", legend)
	if from > 0 {
		fmt.Fprintf(&b, "… %d ticks before\n", from)
	}
	for at := from; at < to; at += textWidth {
		t.band(&b, at, min(at+textWidth, to))
	}
	if end := len(t.At) + 1; to < end {
		fmt.Fprintf(&b, "… %d ticks after\n", end-to)
	}
	return b.String()
}

func (t *Timeline) band(b *strings.Builder, from, to int) {
	width := 0
	for _, l := range t.Lanes {
		width = max(width, utf8.RuneCountInString(l.Name))
	}
	fmt.Fprintf(b, "%*s  %s\n", width, "", t.scale(from, to))
	for i, l := range t.Lanes {
		row, busy := l.signs(from, to)
		marks := t.marksOf(i, from, to)
		if !busy && len(marks) == 0 {
			continue
		}
		fmt.Fprintf(b, "%-*s  %s\n", width, l.Name, strings.TrimRight(row, " "))
		if labels := l.labels(from, to); labels != "" {
			fmt.Fprintf(b, "%*s  %s\n", width, "", labels)
		}
		drawMarks(b, marks, from, width)
	}
	drawMarks(b, t.marksOf(-1, from, to), from, width)
}

// drawMarks points at the ticks of marks, in a row for each clause. The title
// stands by the first, on the side where there is room.
func drawMarks(b *strings.Builder, marks []Mark, from, indent int) {
	for len(marks) > 0 {
		title := marks[0].Title
		var same, others []Mark
		for _, m := range marks {
			if m.Title == title {
				same = append(same, m)
			} else {
				others = append(others, m)
			}
		}
		marks = others
		row, at := "", from
		if first := same[0].Tick - from; first > textWidth*2/3 && first > len(title) {
			row = fmt.Sprintf("%*s ", first-1, title)
			at += len(row)
			title = ""
		}
		for _, m := range same {
			if m.Tick < at {
				continue // there is no room for it beside the title
			}
			row += fmt.Sprintf("%*s▲", m.Tick-at, "")
			at = m.Tick + 1
			if title != "" {
				row += " " + title
				at += 1 + len(title)
				title = ""
			}
		}
		fmt.Fprintf(b, "%*s  %s\n", indent, "", row)
	}
}

func (t *Timeline) marksOf(lane, from, to int) []Mark {
	var marks []Mark
	for _, m := range t.Marks {
		if m.Lane == lane && m.Tick >= from && m.Tick < to {
			marks = append(marks, m)
		}
	}
	return marks
}

// scale says every 20 ticks how much time has passed.
func (t *Timeline) scale(from, to int) string {
	var b strings.Builder
	for at := from; at < min(to, len(t.At)); at += 20 {
		fmt.Fprintf(&b, "%-20s", fmt.Sprintf("╷%.3f ms", t.At[at].Seconds()*1000))
	}
	return strings.TrimRight(b.String(), " ")
}

// signs returns the row of a lane, and whether there is anything in it.
func (l Lane) signs(from, to int) (row string, busy bool) {
	signs := []rune(strings.Repeat(" ", to-from))
	put := func(at int, sign rune) {
		if at >= from && at < to {
			signs[at-from] = sign
			busy = true
		}
	}
	spans := slices.Clone(l.Spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return int(a.Kind) - int(b.Kind) })
	for _, s := range spans {
		first, inner, last := s.look()
		for at := max(s.From+1, from); at < min(s.To, to); at++ {
			put(at, inner)
		}
		put(s.To, last)
		put(s.From, first)
	}
	return string(signs), busy
}

// look returns the signs that a span begins with, consists of and ends with.
func (s Span) look() (first, inner, last rune) {
	switch s.Kind {
	case Allocated:
		return '[', '─', ']'
	case Kernel:
		return '═', '═', '═'
	case Handler:
		return '(', rune('0' + min(s.Runner, 9)), ')'
	case Refused:
		return '×', '×', '×'
	case Abandoned:
		return '†', '†', '†'
	}
	return '•', '•', '•'
}

// labels returns what was begun, each text cut where the next one stands.
func (l Lane) labels(from, to int) string {
	var b strings.Builder
	at := from // where the row ends so far
	for i, label := range l.Labels {
		if label.Tick < from || label.Tick >= to {
			continue
		}
		room := from + textWidth + 40
		if i+1 < len(l.Labels) && l.Labels[i+1].Tick < to {
			room = l.Labels[i+1].Tick
		}
		text := []rune(label.Text)
		if n := room - label.Tick - 1; n < 1 {
			continue
		} else if len(text) > n {
			text = append(text[:n-1], '…')
		}
		fmt.Fprintf(&b, "%*s%s", label.Tick-at, "", string(text))
		at = label.Tick + len(text)
	}
	return b.String()
}
