package timeline

import (
	"fmt"
	"strings"
)

// A lane has, from top to bottom: what was begun; the blocks, and in them what
// the backend had; the handlers; how operations ended, if not well; and a row
// for each clause that was broken. Spans that overlap are drawn in rows of
// their own.
const (
	svgLabel   = 16 // heights
	svgBlock   = 20
	svgHandler = 14
	svgOutcome = 14
	svgMark    = 18
	svgGap     = 3

	svgBack = 120 // how far left of its event a text may begin
)

// lane draws a lane and reports whether there was anything to draw.
func (p *svgPicture) lane(l Lane, marks []Mark, from, to int) bool {
	rows := l.rows()
	blocks, handlers, busy := 0, 0, len(marks) > 0
	for i, s := range l.Spans {
		if !s.in(from, to) {
			continue
		}
		busy = true
		p.kinds[s.Kind] = true
		switch s.Kind {
		case Allocated, Kernel, Refused:
			blocks = max(blocks, rows[i]+1)
		default:
			handlers = max(handlers, rows[i]+1)
		}
	}
	if !busy {
		return false
	}
	blocks, handlers = max(blocks, 1), max(handlers, 1)

	top := p.y
	begun, outcomes := p.captions(l, from, to)
	labelRows := 1
	for _, c := range begun {
		if c.high {
			labelRows = 2
		}
	}
	blockTop := top + 6 + labelRows*svgLabel
	handlerTop := blockTop + blocks*(svgBlock+svgGap)
	bottom := handlerTop + handlers*(svgHandler+svgGap)
	outcomeTop := bottom
	if len(outcomes) > 0 {
		bottom += svgOutcome
	}

	p.highlight(marks, top+1, bottom, from)
	placed, markRows := p.placeMarks(marks, from)
	for _, c := range begun {
		y := blockTop - 5
		if c.high {
			y -= svgLabel
			p.printf(`<path class="leader" d="M%d.5 %dV%d"/>`, c.at-1, y+3, blockTop)
		}
		p.text("label", c.x, y, c.text)
	}
	p.printf(`<text class="name" x="%d" y="%d">%s</text>`, svgMargin, blockTop+14, escaped(fitted(l.Name, p.left-svgMargin-10, svgPitch)))
	for kind := range Note + 1 {
		if kind == Kernel { // behind whatever has a text
			p.rules(placed, blockTop-2, bottom)
		}
		for i, s := range l.Spans {
			if s.Kind == kind && s.in(from, to) {
				y := blockTop + rows[i]*(svgBlock+svgGap)
				if kind == Handler || kind > Refused {
					y = handlerTop + rows[i]*(svgHandler+svgGap)
				}
				p.span(s, y, from, to)
			}
		}
	}
	for _, c := range outcomes {
		p.text("small outcome halo", c.x, outcomeTop+9, c.text)
	}
	p.titles(placed, bottom)
	p.y = bottom + markRows*svgMark + 5
	return true
}

// in reports whether a span shows in a band.
func (s Span) in(from, to int) bool { return s.From < to && s.To >= from }

// rows returns in which row each span is drawn, so that no two of a kind
// overlap. What the backend has is drawn in its block.
func (l Lane) rows() []int {
	rows := make([]int, len(l.Spans))
	var ends [Note + 1][]int // of the last span in each row
	for i, s := range l.Spans {
		switch s.Kind {
		case Allocated, Handler:
			row := 0
			for row < len(ends[s.Kind]) && ends[s.Kind][row] >= s.From {
				row++
			}
			if row == len(ends[s.Kind]) {
				ends[s.Kind] = append(ends[s.Kind], 0)
			}
			ends[s.Kind][row] = s.To
			rows[i] = row
		case Kernel:
			for j := i - 1; j >= 0; j-- {
				if b := l.Spans[j]; b.Kind == Allocated && b.To >= s.To {
					rows[i] = rows[j]
					break
				}
			}
		}
	}
	return rows
}

// span draws a span whose row begins at y. One that goes on in the next band is
// open there.
func (p *svgPicture) span(s Span, y, from, to int) {
	first, last := p.left, p.right(from, to)
	begins, ends := s.From >= from, s.To < to && s.To < len(p.t.At)
	if begins {
		first = p.at(s.From, from)
	}
	if ends {
		last = p.at(s.To, from)
	} else if s.To < to {
		last = p.at(len(p.t.At), from) // it did not end
	}
	switch s.Kind {
	case Allocated:
		p.printf(`<path class="block" d="%s"/>`, outline(first, last, y, y+svgBlock, begins, ends))
		if ends {
			p.printf(`<path class="release" d="M%d %dv%d"/>`, last, y, svgBlock)
		}
	case Kernel:
		p.bar("kernel", first, last, y+4, svgBlock-8, "kernel")
	case Handler:
		texts := []string{"handler"}
		if p.runners > 1 {
			texts = []string{fmt.Sprintf("handler %d", s.Runner), fmt.Sprint(s.Runner)}
		}
		p.bar("handler", first, last, y, svgHandler, texts...)
	case Refused:
		p.sign(s.Kind, p.at(s.From, from), y+svgBlock/2)
	case Abandoned:
		p.sign(s.Kind, p.at(s.From, from), y+svgHandler/2)
	default:
		p.sign(s.Kind, p.at(s.From, from), y-1) // above the text of a handler
	}
}

// outline returns the path around a block that is open at an end which lies in
// another band.
func outline(first, last, top, bottom int, begins, ends bool) string {
	switch {
	case begins && ends:
		return fmt.Sprintf("M%d %dH%dV%dH%dz", first, top, last, bottom, first)
	case begins:
		return fmt.Sprintf("M%d %dH%dV%dH%d", last, top, first, bottom, last)
	case ends:
		return fmt.Sprintf("M%d %dH%dV%dH%d", first, top, last, bottom, first)
	}
	return fmt.Sprintf("M%d %dH%dM%d %dH%d", first, top, last, last, bottom, first)
}

// bar draws a filled bar with the first of the texts for which it has room.
func (p *svgPicture) bar(class string, first, last, y, height int, texts ...string) {
	p.printf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="2"/>`, class, first, y, max(2, last-first), height)
	for _, text := range texts {
		if textLength(text, svgPitchSmall)+4 <= last-first {
			p.printf(`<text class="small middle on" x="%d" y="%d">%s</text>`, (first+last)/2, y+height/2+4, text)
			return
		}
	}
}

// sign draws what lasts one tick.
func (p *svgPicture) sign(kind Kind, x, y int) {
	switch kind {
	case Refused:
		p.printf(`<path class="refused" d="M%d %dl8 8m0 -8l-8 8"/>`, x-4, y-4)
	case Abandoned:
		p.printf(`<path class="abandoned" d="M%d %dv11m-3.5 -8h7"/>`, x, y-5)
	default:
		p.printf(`<circle class="note" cx="%d" cy="%d" r="3"/>`, x, y)
	}
}

// A caption is a label that has found its place.
type caption struct {
	at   int // where the event is
	x    int // where the text begins
	text string
	high bool // in the upper of two rows
}

// captions returns what was begun in a band, and how handlers were told of
// failures. A text that runs into the next one stands above it, if there is
// room, and is cut otherwise.
func (p *svgPicture) captions(l Lane, from, to int) (begun, outcomes []caption) {
	going := "" // what was begun in an earlier band
	for i, label := range l.Labels {
		failure, failed := strings.CutPrefix(label.Text, Failure)
		tick := label.Tick
		if !failed {
			tick = l.shows(i)
		}
		switch {
		case tick >= to:
		case failed && tick >= from:
			x := p.at(tick, from)
			outcomes = append(outcomes, caption{at: x, x: x + 4, text: failure})
		case failed:
		case tick < from:
			going = label.Text
		default:
			x := p.at(tick, from)
			begun = append(begun, caption{at: x, x: x, text: label.Text})
		}
	}
	if going != "" && l.allocatedAt(from) {
		begun = append([]caption{{at: p.left, x: p.left, text: "… " + going}}, begun...)
	}
	p.place(begun, svgPitch, true)
	p.place(outcomes, svgPitchSmall, false)
	return begun, outcomes
}

// shows returns the tick of the first span that a label can mean.
func (l Lane) shows(label int) int {
	at, next := l.Labels[label].Tick, -1
	for _, other := range l.Labels[label+1:] {
		if !strings.HasPrefix(other.Text, Failure) {
			next = other.Tick
			break
		}
	}
	for _, s := range l.Spans {
		if s.Kind != Kernel && s.Kind != Handler && s.From >= at && (next < 0 || s.From < next) {
			return s.From
		}
	}
	return at
}

// allocatedAt reports whether a block was allocated before a tick and released
// after it.
func (l Lane) allocatedAt(tick int) bool {
	for _, s := range l.Spans {
		if s.Kind == Allocated && s.From < tick && s.To >= tick {
			return true
		}
	}
	return false
}

// place raises captions that do not fit beside the next one, moves those that do
// not fit before the edge, and cuts what does not fit anyway, from left to right.
func (p *svgPicture) place(captions []caption, pitch int, rows bool) {
	const space = 6
	end := svgWidth - svgMargin
	var free [2]int // where the rows are free: the low one and the high one
	for i := range captions {
		c := &captions[i]
		length, limit, row := textLength(c.text, pitch), end, 0
		if i+1 < len(captions) {
			limit = captions[i+1].at - space
		}
		if rows && c.x+length > limit && (i == 0 || !captions[i-1].high) {
			c.high, row, limit = true, 1, end
			if i+2 < len(captions) {
				limit = captions[i+2].at - space // the one after the next may be as high
			}
		}
		if c.x+length > limit && limit == end {
			c.x = min(c.x, max(free[row], end-length, c.at-svgBack)) // back from the edge
		}
		c.text = fitted(c.text, limit-c.x, pitch)
		free[row] = c.x + textLength(c.text, pitch) + space
		if c.high {
			free[0] = max(free[0], c.at) // its line goes down there
		}
	}
}
