package timeline

import (
	"cmp"
	"slices"
)

// A placedMark is a mark that has found its place below a lane. The titles of
// marks that stand close together for the same clause are one.
type placedMark struct {
	x, row      int
	left, right int // what it covers in its row
	title       string
	before      bool // the title stands left of it
}

// placeMarks finds places for marks, from right to left, so that no two overlap.
func (p *svgPicture) placeMarks(marks []Mark, from int) (placed []placedMark, rows int) {
	marks = slices.Clone(marks)
	slices.SortStableFunc(marks, func(a, b Mark) int { return cmp.Compare(b.Tick, a.Tick) })
	last := make(map[string]int) // where a title stands, or joins one
	for _, m := range marks {
		x, title := p.at(m.Tick, from), m.Title
		k := placedMark{x: x, left: x - 6, right: x + 6, title: title}
		length := textLength(title, svgPitch) + 10
		at, near := last[title]
		switch {
		case near && at-x < length+p.tick:
			k.title = ""
		case x+length <= svgWidth-svgMargin:
			k.right = x + length
		default:
			k.left, k.before = x-length, true
		}
		last[title] = x
		for slices.ContainsFunc(placed, func(o placedMark) bool {
			return o.row == k.row && o.left < k.right && k.left < o.right
		}) {
			k.row++
		}
		placed = append(placed, k)
		rows = max(rows, k.row+1)
	}
	return placed, rows
}

// highlight marks the columns of offending events, behind everything else.
func (p *svgPicture) highlight(marks []Mark, top, bottom, from int) {
	last := -1
	for _, m := range marks {
		if m.Tick != last {
			p.printf(`<rect class="offence" x="%d" y="%d" width="%d" height="%d"/>`, p.at(m.Tick, from)-p.tick/2, top, p.tick, bottom-top)
			last = m.Tick
		}
	}
}

// rules draws the lines from top down to the marks, whose rows begin at bottom.
func (p *svgPicture) rules(marks []placedMark, top, bottom int) {
	for _, m := range marks {
		p.printf(`<path class="rule" d="M%d %dV%d"/>`, m.x, top, bottom+m.row*svgMark+8)
	}
}

// titles draws the marks and what they say.
func (p *svgPicture) titles(marks []placedMark, bottom int) {
	for _, m := range marks {
		y := bottom + m.row*svgMark
		p.printf(`<path class="mark" d="M%d %dl5 9h-10z"/>`, m.x, y+3)
		switch {
		case m.title == "":
		case m.before:
			p.text("bad bold halo end", m.x-9, y+13, m.title)
		default:
			p.text("bad bold halo", m.x+9, y+13, m.title)
		}
	}
}
