package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// The image is laid out in whole pixels from left to right in four columns:
// groups, rows, medians, bars. Values have a column of their own, so that they
// read as a table and no bar runs into one.

const (
	width    = 900
	margin   = 20
	gap      = 14 // between columns
	rowH     = 20
	barH     = 12
	groupGap = 10

	pitch     = 7.3 // advance width of the 12 px text, at most
	groupMost = 18  // characters of a name that are shown
	rowMost   = 28
	titleMost = 90

	// A bar is broken if it is more than ten times as long as the others with their
	// quartiles, so that these can be told apart.
	farther = 10
)

// A heading is what stands above the bars and beside them.
type heading struct {
	title, machine string
	own            string // what the rows that are no peers are called, if not by their group
	counted        string // what values count, if they are no times
}

// writeSVG draws the groups from top to bottom, for light and for dark
// surroundings. The same groups give the same bytes.
func writeSVG(out *bytes.Buffer, h heading, groups []group) {
	p := picture{heading: h, groups: groups}
	p.measure()
	p.header()
	p.axis()
	for i, g := range groups {
		if i > 0 {
			p.line("rule", margin, p.y+groupGap/2, width-margin, p.y+groupGap/2)
			p.y += groupGap
		}
		if !p.single() {
			p.text("bold", margin, p.y+rowH-6, fitted(g.name, groupMost))
		}
		for _, r := range g.rows {
			p.row(g, r)
		}
	}
	p.finish(out, p.y+margin-4, style)
}

// finish writes the image, with a height and a style.
func (p *picture) finish(out *bytes.Buffer, height int, style string) {
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" role="img">`+"\n", width, height, height)
	fmt.Fprintf(out, "<title>%s</title>\n<style>%s</style>\n", escaped(p.title), style)
	fmt.Fprintf(out, `<rect class="paper" width="%d" height="%d"/>`+"\n", width, height)
	out.Write(p.body.Bytes())
	out.WriteString("</svg>\n")
}

// picture is an image that is being drawn.
type picture struct {
	heading
	groups []group
	body   bytes.Buffer
	y      int // what is above is drawn

	rowX, valueX, barX int     // where columns are; values end at theirs
	step, end          float64 // of the axis
	unit               unit
}

// single reports whether there is one group. Then it needs no column: its own rows have its
// name before theirs, unless they are called otherwise, and its peers do not look like parts of
// it.
func (p *picture) single() bool { return len(p.groups) == 1 }

// nameOf returns what stands before a bar.
func (p *picture) nameOf(g group, r row) string {
	name := r.name
	if p.single() && !r.peer && p.own == "" {
		name = strings.Trim(g.name+" "+r.name, " ")
	}
	return fitted(name, rowMost)
}

// measure gives each column the width that its longest text needs, and the bars
// the rest.
func (p *picture) measure() {
	groupLen, rowLen, valueLen := 0, 0, 0
	reach := p.reach()
	p.step = axisStep(reach)
	p.end = p.step * max(1, math.Ceil(reach/p.step))
	p.unit = p.unitFor(p.end)
	for _, g := range p.groups {
		if !p.single() {
			groupLen = max(groupLen, utf8.RuneCountInString(fitted(g.name, groupMost)))
		}
		for _, r := range g.rows {
			rowLen = max(rowLen, utf8.RuneCountInString(p.nameOf(g, r)))
			valueLen = max(valueLen, utf8.RuneCountInString(p.unit.label(r.median)))
		}
	}
	p.rowX = margin + columnWidth(groupLen)
	p.valueX = p.rowX + columnWidth(rowLen) + columnWidth(valueLen) - gap
	p.barX = p.valueX + gap
}

// reach returns the largest value that has to be on the axis. It includes the quartiles, but
// not those of a bar that is broken.
func (p *picture) reach() float64 {
	var longest row
	others := 0.0 // how far all but the longest reach
	for _, g := range p.groups {
		for _, r := range g.rows {
			if r.median > longest.median {
				longest, r = r, longest
			}
			others = max(others, r.upper)
		}
	}
	if longest.median > farther*others && others > 0 {
		return others
	}
	return max(others, longest.upper)
}

// unitFor returns the unit of an axis that ends at a value.
func (h heading) unitFor(end float64) unit {
	if h.counted != "" {
		return unit{h.counted, 1}
	}
	return unitFor(end)
}

func columnWidth(characters int) int {
	if characters == 0 {
		return 0
	}
	return int(math.Ceil(float64(characters)*pitch)) + gap
}

// axisStep returns a round number of which four to eight make the axis.
func axisStep(longest float64) float64 {
	if longest <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(longest)))
	for _, step := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if longest/(step*power) <= 6 {
			return step * power
		}
	}
	return 2 * power
}

// at returns where a value is on the axis: at its end if the value lies beyond.
func (p *picture) at(v float64) int {
	room := float64(width - margin - p.barX)
	return p.barX + int(math.Round(room*min(v/p.end, 1)))
}

// header draws the title, what was measured where, and the legend.
func (p *picture) header() {
	p.text("title", margin, margin+16, fitted(p.title, titleMost))
	fewest, most, peers := math.MaxInt, 0, false
	for _, g := range p.groups {
		for _, r := range g.rows {
			fewest, most, peers = min(fewest, r.runs), max(most, r.runs), peers || r.peer
		}
	}
	runs := fmt.Sprintf("medians of %d runs", most)
	switch {
	case most == 1:
		runs = "one run"
	case fewest != most:
		runs = fmt.Sprintf("medians of %d to %d runs", fewest, most)
	}
	if most > 1 {
		runs += ", lines between the quartiles"
	}
	if p.machine != "" {
		runs += "; " + p.machine
	}
	p.text("prose faint", margin, margin+38, fitted(runs, titleMost+25))
	p.y = margin + 52
	if !peers {
		return
	}
	x := p.barX
	for _, c := range []struct{ class, name string }{{"own", p.ownName()}, {"peer", "others"}} {
		p.printf(`<rect class="%s" x="%d" y="%d" width="12" height="12" rx="2"/>`, c.class, x, p.y)
		p.text("prose", x+18, p.y+11, c.name)
		x += 32 + columnWidth(utf8.RuneCountInString(c.name))
	}
	p.y += 24
}

// ownName returns what is measured, for the legend.
func (p *picture) ownName() string {
	switch {
	case p.own != "":
		return fitted(p.own, groupMost)
	case p.single():
		return fitted(p.groups[0].name, groupMost)
	}
	return "measured"
}

// titleOf returns what a row is called where there is nothing around it.
func (p *picture) titleOf(g group, r row) string {
	if p.single() && (r.peer || p.own != "") {
		return r.name
	}
	return strings.Trim(g.name+" "+r.name, " ")
}

// axis draws lines from top to bottom, with their values above.
func (p *picture) axis() {
	p.y += 16
	bottom := p.y + 4 + groupGap*(len(p.groups)-1)
	for _, g := range p.groups {
		bottom += rowH * len(g.rows)
	}
	for i := 0; float64(i)*p.step <= p.end*(1+1e-9); i++ {
		v := float64(i) * p.step
		x := p.at(v)
		class := "small faint middle"
		if x > width-margin-20 { // half a label
			class = "small faint end"
		}
		p.text(class, x, p.y-4, p.unit.tick(v))
		p.line("grid", x, p.y, x, bottom)
	}
	p.y += 4
}

func (p *picture) row(g group, r row) {
	runs := "1 run"
	if r.runs != 1 {
		runs = fmt.Sprintf("%d runs", r.runs)
	}
	p.printf("<g><title>%s, %s: median %s, quartiles %s and %s</title>",
		escaped(p.titleOf(g, r)), runs, p.unit.label(r.median), p.unit.label(r.lower), p.unit.label(r.upper))
	baseline, top := p.y+rowH-6, p.y+(rowH-barH)/2
	p.text("", p.rowX, baseline, p.nameOf(g, r))
	p.text("end", p.valueX, baseline, p.unit.label(r.median))
	class := "own"
	if r.peer {
		class = "peer"
	}
	p.printf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="2"/>`, class, p.barX, top, max(1, p.at(r.median)-p.barX), barH)
	if r.median > p.end {
		p.printf(`<path class="paper" d="M%d %dl5 0l-6 %dl-5 0z"/>`, width-margin-24, top-1, barH+2)
	} else if from, to := p.at(r.lower), p.at(r.upper); to > from {
		p.line("spread", from, top+barH/2, to, top+barH/2)
	}
	p.printf("</g>")
	p.y += rowH
}

func (p *picture) text(class string, x, y int, s string) {
	if s == "" {
		return
	}
	if class != "" {
		class = ` class="` + class + `"`
	}
	p.printf(`<text%s x="%d" y="%d">%s</text>`, class, x, y, escaped(s))
}

func (p *picture) line(class string, x1, y1, x2, y2 int) {
	p.printf(`<path class="%s" d="M%d %dL%d %d"/>`, class, x1, y1, x2, y2)
}

func (p *picture) printf(format string, args ...any) {
	fmt.Fprintf(&p.body, format+"\n", args...)
}

// fitted returns s, cut if it has more characters than there is room for.
func fitted(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most-1]) + "…"
}

func escaped(s string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}

// style is plain CSS, without variables, which not every viewer knows.
const style = `
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}
.title{font:600 16px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.prose{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.bold{font-weight:600}
.small{font-size:10px}
.middle{text-anchor:middle}
.end{text-anchor:end}
.faint{fill:#59636e}
.paper{fill:#fff}
.grid,.rule{stroke:#e3e7eb}
.own{fill:#3566a8}
.peer{fill:#aab3bc}
.spread{stroke:#1f2328;stroke-width:1.5}
@media (prefers-color-scheme:dark){
text{fill:#e6e9ec}
.faint{fill:#9ba5af}
.paper{fill:#14181d}
.grid,.rule{stroke:#2a3038}
.own{fill:#4d82c9}
.peer{fill:#5a646e}
.spread{stroke:#e6e9ec}
}
`
