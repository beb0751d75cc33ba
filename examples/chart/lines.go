package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// With lines, the groups lie from left to right, and what has the same name in several groups is
// a line, with its name behind its end.

const (
	plotH    = 340
	lineH    = 15 // between the names behind the lines
	tickLeft = 70 // room for the values of the axis
	logFrom  = 10 // an axis whose ends have this ratio is logarithmic
)

// A series is what becomes a line.
type series struct {
	name   string
	peer   bool
	points []row // one for each group; without runs where there is none
}

// writeLines draws the groups from left to right.
func writeLines(out *bytes.Buffer, h heading, groups []group) {
	p := &plot{picture: picture{heading: h, groups: groups}, series: seriesOf(groups)}
	p.measure()
	p.header()
	p.axes()
	for _, s := range p.series { // peers first, so that they lie below
		p.curve(s)
	}
	p.names()
	p.finish(out, p.bottom+50, style+lineStyle)
}

// seriesOf returns the lines: peers before what is compared with them.
func seriesOf(groups []group) (all []series) {
	for i, g := range groups {
		for _, r := range g.rows {
			at := slices.IndexFunc(all, func(s series) bool { return s.name == r.name && s.peer == r.peer })
			if at < 0 {
				at = len(all)
				all = append(all, series{r.name, r.peer, make([]row, len(groups))})
			}
			all[at].points[i] = r
		}
	}
	slices.SortStableFunc(all, func(a, b series) int {
		return cmp.Or(compareBool(b.peer, a.peer), cmp.Compare(a.name, b.name))
	})
	return all
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// A plot is a picture with lines.
type plot struct {
	picture
	series      []series
	low         float64 // where the axis begins
	logarithmic bool
	top, bottom int
	left, right int
	labels      []string // of the groups
	labelled    string   // what stands below them
}

// measure decides where everything is.
func (p *plot) measure() {
	smallest, largest, longest := math.Inf(1), 0.0, 0
	for _, s := range p.series {
		longest = max(longest, len([]rune(fitted(s.name, rowMost))))
		for _, r := range s.points {
			if r.runs > 0 {
				smallest, largest = min(smallest, r.lower), max(largest, r.upper)
			}
		}
	}
	p.logarithmic = smallest > 0 && largest/smallest > logFrom
	if p.logarithmic {
		p.low, p.end = roundDown(smallest), roundUp(largest)
	} else {
		p.step = axisStep(largest)
		p.end = p.step * max(1, math.Ceil(largest/p.step))
	}
	p.unit = p.unitFor(p.end)
	p.left, p.right = margin+tickLeft, width-margin-columnWidth(longest)
	p.barX = p.left // where the legend begins
	p.labels, p.labelled = shortened(p.groups)
}

// roundDown and roundUp return the next 1, 2 or 5 with zeros.
func roundDown(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{5, 2} {
		if v >= step*power {
			return step * power
		}
	}
	return power
}

func roundUp(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 5} {
		if v <= step*power {
			return step * power
		}
	}
	return 10 * power
}

// shortened returns the names of groups, without what follows the first word if that is the same
// for all of them, which is returned apart: 1 connection, 10 connections.
func shortened(groups []group) (labels []string, rest string) {
	for i, g := range groups {
		first, after, _ := strings.Cut(g.name, " ")
		if i > 0 && strings.TrimSuffix(after, "s") != strings.TrimSuffix(rest, "s") {
			rest = ""
			break
		}
		labels, rest = append(labels, first), after
	}
	if rest != "" {
		return labels, rest
	}
	labels = nil
	for _, g := range groups {
		labels = append(labels, g.name)
	}
	return labels, ""
}

// x returns where a group is.
func (p *plot) x(i int) int {
	if len(p.groups) == 1 {
		return (p.left + p.right) / 2
	}
	inset := 30
	return p.left + inset + (p.right-p.left-2*inset)*i/(len(p.groups)-1)
}

// height returns where a value is.
func (p *plot) height(v float64) int {
	share := v / p.end
	if p.logarithmic {
		share = math.Log(v/p.low) / math.Log(p.end/p.low)
	}
	return p.bottom - int(math.Round(share*plotH))
}

// ticks returns the values of the axis.
func (p *plot) ticks() (ticks []float64) {
	if !p.logarithmic {
		for i := 0; float64(i)*p.step <= p.end*(1+1e-9); i++ {
			ticks = append(ticks, float64(i)*p.step)
		}
		return ticks
	}
	for v := p.low; v <= p.end*(1+1e-9); v = roundUp(v * 1.5) {
		ticks = append(ticks, v)
	}
	return ticks
}

func (p *plot) axes() {
	p.top = p.y + 14
	p.bottom = p.top + plotH
	for _, v := range p.ticks() {
		y := p.height(v)
		p.text("small faint end", p.left-8, y+4, p.unit.tick(v))
		p.line("grid", p.left, y, p.right, y)
	}
	for i, label := range p.labels {
		p.text("small faint middle", p.x(i), p.bottom+18, fitted(label, rowMost))
	}
	p.text("small faint middle", (p.left+p.right)/2, p.bottom+34, p.labelled)
}

// curve draws a line, with gaps where there is no value, and lines between the quartiles.
func (p *plot) curve(s series) {
	var path strings.Builder
	command := "M"
	for i, r := range s.points {
		if r.runs == 0 {
			command = "M"
			continue
		}
		fmt.Fprintf(&path, "%s%d %d", command, p.x(i), p.height(r.median))
		command = "L"
	}
	p.printf(`<path class="curve %s" d="%s"/>`, p.class(s), path.String())
	for i, r := range s.points {
		if r.runs > 0 {
			p.line("dot "+p.class(s), p.x(i), p.height(r.upper), p.x(i), p.height(r.lower))
			p.printf(`<circle class="dot %s" cx="%d" cy="%d" r="3"><title>%s, %s: median %s of %d, quartiles %s and %s</title></circle>`,
				p.class(s), p.x(i), p.height(r.median), escaped(s.name), escaped(p.groups[i].name),
				p.unit.label(r.median), r.runs, p.unit.label(r.lower), p.unit.label(r.upper))
		}
	}
}

// class returns how a line looks: all but the first of what is no peer are dashed.
func (p *plot) class(s series) string {
	if s.peer {
		return "peer-line"
	}
	first := slices.IndexFunc(p.series, func(s series) bool { return !s.peer })
	if p.series[first].name == s.name {
		return "own-line"
	}
	return "own-line dashed"
}

// names writes the names behind the ends of the lines, apart from each other. A line may end
// before the last group.
func (p *plot) names() {
	type name struct {
		series
		x, y int
	}
	var names []name
	for _, s := range p.series {
		for i, end := range slices.Backward(s.points) {
			if end.runs > 0 {
				names = append(names, name{s, p.x(i), p.height(end.median)})
				break
			}
		}
	}
	slices.SortStableFunc(names, func(a, b name) int { return cmp.Compare(a.y, b.y) })
	total := lineH * (len(names) - 1)
	next := p.top - lineH
	for i, n := range names {
		below := total - lineH*i // that the names below need
		y := min(max(n.y, next+lineH), p.bottom-below)
		next = y
		text, line := "", "grid"
		if !n.peer {
			text, line = "bold", "leader "+p.class(n.series)
		}
		p.line(line, n.x+5, n.y, p.right, y)
		p.text(text, p.right+6, y+4, fitted(n.name, rowMost))
	}
}

const lineStyle = `.curve{fill:none;stroke-width:1.5}
.own-line{stroke:#3566a8;stroke-width:2.5}
.peer-line{stroke:#aab3bc}
.dashed{stroke-dasharray:6 4}
.dot{fill:#fff;stroke-dasharray:none}
.leader{stroke-width:1}
@media (prefers-color-scheme:dark){
.own-line{stroke:#4d82c9}
.peer-line{stroke:#5a646e}
.dot{fill:#14181d}
}
`
