package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The picture is to scale: time goes from left to right, a lane a chain. In a lane blocks
// are above, as long as they were held, and calls of handlers below.

const (
	width  = 900
	margin = 20

	blockHeight = 16
	callHeight  = 10
	rowGap      = 3
	laneGap     = 12
	maxRows     = 8 // of blocks in one lane

	pitch      = 73 // tenths of a pixel that a sign of 12 px takes
	pitchSmall = 61 // and one of 10 px
)

const style = `
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}
.title{font:600 16px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.name{font-weight:600}
.small{font-size:10px}
.middle{text-anchor:middle}
.faint{fill:#59636e}
.paper{fill:#fff}
.grid{stroke:#e3e7eb}
.block{fill:#dfe5eb;stroke:#8c959f}
.release{stroke:#1f2328;stroke-width:2}
.call0{fill:#3566a8}
.call1{fill:#2a7d5f}
.call2{fill:#9a5b13}
.call3{fill:#7b4fa0}
.bad{fill:#c0262d}
.failed{fill:none;stroke:#c0262d;stroke-width:2}
@media (prefers-color-scheme:dark){
text{fill:#e6e9ec}
.faint{fill:#9ba5af}
.paper{fill:#14181d}
.grid{stroke:#2a3038}
.block{fill:#2b343d;stroke:#7d8791}
.release{stroke:#e6e9ec}
.call0{fill:#76a7e8}
.call1{fill:#5cbf9b}
.call2{fill:#e0a35c}
.call3{fill:#bd97de}
.bad{fill:#ff8079}
.failed{stroke:#ff8079}
}
`

// colours is how many there are for handlers.
const colours = 4

// picture is one that is being drawn, from top to bottom.
type picture struct {
	*lives
	body  bytes.Buffer
	y     int
	left  int      // where time begins
	whats []string // the handlers, in the order of their colours
}

// writeSVG draws the lives as an SVG image that needs nothing else, for light and for
// dark surroundings.
func (l *lives) writeSVG(w *bytes.Buffer, title string) {
	p := picture{lives: l, y: margin, left: margin}
	for _, c := range l.chains {
		p.left = max(p.left, margin+length(c.name, pitch)+12)
	}
	p.left = min(p.left, width/3)
	p.text("title", margin, p.y+16, fitted(title, width-2*margin, 100))
	p.y += 34
	p.axis()
	for _, c := range l.chains {
		p.lane(c)
	}
	p.legend()
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" role="img">`+"\n", width, p.y, p.y)
	fmt.Fprintf(w, "<title>%s</title>\n<style>%s</style>\n", escaped(title), style)
	fmt.Fprintf(w, `<rect class="paper" width="%d" height="%d"/>`+"\n", width, p.y)
	w.Write(p.body.Bytes())
	w.WriteString("</svg>\n")
}

// at returns where a time is.
func (p *picture) at(t time.Duration) float64 {
	all := max(p.to-p.from, 1)
	return float64(p.left) + float64(t-p.from)/float64(all)*float64(width-margin-p.left)
}

// axis draws the times, and a line for each through all lanes.
func (p *picture) axis() {
	bottom := p.y + 18
	for _, c := range p.chains {
		bottom += c.height() + laneGap
	}
	step := stepOf(p.to - p.from)
	for t := time.Duration(0); t <= p.to-p.from; t += step {
		x := p.at(p.from + t)
		p.printf(`<path class="grid" d="M%.1f %dV%d"/>`, x, p.y+14, bottom)
		label := t.String()
		if t == 0 {
			label = "0"
		}
		if x+float64(length(label, pitchSmall))/2 <= width-margin {
			p.printf(`<text class="small faint middle" x="%.1f" y="%d">%s</text>`, x, p.y+10, label)
		}
	}
	p.y += 18
}

// stepOf returns a round time of which there are three to eight in one.
func stepOf(all time.Duration) time.Duration {
	for power := time.Duration(1); ; power *= 10 {
		for _, step := range []time.Duration{power, 2 * power, 5 * power} {
			if all/step <= 8 {
				return step
			}
		}
	}
}

// height returns how much room a lane needs.
func (c *chain) height() int {
	h := 0
	if rows := c.rows(); len(rows) > 0 {
		h += (slices.Max(rows) + 1) * (blockHeight + rowGap)
	}
	if len(c.calls) > 0 {
		h += callHeight + rowGap
	}
	return max(h, blockHeight)
}

// rows returns in which row each block is drawn, so that no two overlap. What finds no
// row is drawn in the last.
func (c *chain) rows() []int {
	var ends []time.Duration
	rows := make([]int, len(c.blocks))
	for i, b := range c.blocks {
		row := slices.IndexFunc(ends, func(end time.Duration) bool { return end <= b.from })
		switch {
		case row >= 0:
		case len(ends) < maxRows:
			row = len(ends)
			ends = append(ends, 0)
		default:
			row = maxRows - 1
		}
		ends[row] = max(ends[row], b.to)
		rows[i] = row
	}
	return rows
}

// lane draws a chain.
func (p *picture) lane(c *chain) {
	p.printf(`<path class="grid" d="M%d %d.5H%d"/>`, margin, p.y+laneGap/2-1, width-margin)
	p.y += laneGap
	p.text("name", margin, p.y+12, fitted(c.name, p.left-margin-8, pitch))
	rows := c.rows()
	for i, b := range c.blocks {
		x, end, y := p.at(b.from), p.at(b.to), p.y+rows[i]*(blockHeight+rowGap)
		p.printf(`<rect class="block" x="%.1f" y="%d" width="%.1f" height="%d"/>`, x, y, max(end-x, 1), blockHeight)
		if !b.late {
			p.printf(`<path class="release" d="M%.1f %dv%d"/>`, end, y, blockHeight)
		}
	}
	for _, t := range c.failed {
		p.printf(`<path class="failed" d="M%.1f %dl8 8m0 -8l-8 8"/>`, p.at(t)-4, p.y+4)
	}
	bottom := p.y + c.height()
	for _, x := range c.calls {
		class := fmt.Sprintf("call%d", p.colour(x.what))
		if x.held > 0 && c.most == 1 {
			class = "bad"
		}
		from := p.at(x.from)
		p.printf(`<rect class="%s" x="%.1f" y="%d" width="%.1f" height="%d"/>`, class, from, bottom-callHeight-rowGap, max(p.at(x.to)-from, 2), callHeight)
	}
	p.y = bottom
}

// colour returns which of the colours a handler has.
func (p *picture) colour(what string) int {
	i := slices.Index(p.whats, what)
	if i < 0 {
		i = len(p.whats)
		p.whats = append(p.whats, what)
	}
	return i % colours
}

// legend explains what was drawn.
func (p *picture) legend() {
	p.y += laneGap + 6
	x := margin
	entry := func(sample, text string) {
		if w := 34 + length(text, pitch) + 20; x+w > width-margin && x > margin {
			x, p.y = margin, p.y+20
		}
		p.printf(sample, x, p.y)
		p.text("faint", x+34, p.y+11, text)
		x += 34 + length(text, pitch) + 20
	}
	entry(`<g transform="translate(%d %d)"><rect class="block" width="28" height="14"/><path class="release" d="M28 0v14"/></g>`, "a block, from allocation to release")
	for i, what := range p.whats {
		entry(fmt.Sprintf(`<rect class="call%d" x="%%d" y="%%d" width="28" height="12"/>`, i%colours), what)
	}
	for _, c := range p.chains {
		if len(c.failed) > 0 {
			entry(`<path class="failed" transform="translate(%d %d)" d="M10 2l8 8m0 -8l-8 8"/>`, "an allocator failed")
			break
		}
	}
	if len(p.problems()) > 0 {
		entry(`<rect class="bad" x="%d" y="%d" width="28" height="12"/>`, "a handler before the release")
	}
	p.y += 20 + margin
}

func (p *picture) printf(format string, args ...any) { fmt.Fprintf(&p.body, format+"\n", args...) }

func (p *picture) text(class string, x, y int, text string) {
	p.printf(`<text class="%s" x="%d" y="%d">%s</text>`, class, x, y, escaped(text))
}

func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}

// length returns the length of a text in pixels.
func length(text string, pitch int) int { return (utf8.RuneCountInString(text)*pitch + 9) / 10 }

// fitted cuts a text to a length in pixels.
func fitted(text string, room, pitch int) string {
	if runes, n := []rune(text), max(room*10/pitch, 1); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
