package timeline

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The timeline as a picture. It is laid out in whole pixels, of which text of a
// fixed pitch takes a known number, so that nothing overlaps and the same run
// gives the same bytes. What differs between equal runs is left out: times,
// addresses, numbers of goroutines.
//
// The run goes from left to right, a step an event, and on in the next band
// where the width is used up. Of a long run some bands are shown, and a strip
// above them says which part of the run they are.

const (
	svgWidth  = 900
	svgMargin = 20
	svgInner  = svgWidth - 2*svgMargin
	svgGutter = 170 // at most, for the names of lanes

	svgNarrow = 14 // width of a tick, at least
	svgWide   = 28 // and at most

	// A longer timeline is shown around the first violation, or from the
	// beginning.
	svgBands = 4
	svgLanes = 27 // in all bands, as far as two bands keep to it

	svgViolations = 3 // explained below the picture

	// Advance widths in tenths of a pixel: of the 12 px and 10 px fixed-pitch
	// text inside bands, and a generous one of the 13 px text below them.
	svgPitch      = 73
	svgPitchSmall = 61
	svgPitchProse = 72
)

// WriteSVG draws the timeline as an SVG image that needs nothing else, for light
// and for dark surroundings. The title stands above it; events, and not the time
// between them, are on the horizontal axis. The same run gives the same bytes.
//
// An image shows some 200 events, or 100 if there are many lanes: those around
// the first violation if there are more.
func (t *Timeline) WriteSVG(w io.Writer, title string) error {
	p := svgPicture{t: t, y: svgMargin, runners: t.runners()}
	p.layout()
	p.header(title)
	p.overview()
	for from := p.from; from < p.to; from += p.perBand {
		p.band(from, min(from+p.perBand, p.to))
	}
	p.legend()
	p.explain()
	var file bytes.Buffer
	fmt.Fprintf(&file, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%d" role="img">`+"\n", svgWidth, p.y, p.y)
	fmt.Fprintf(&file, "<title>%s</title>\n<style>%s</style>\n", escaped(title), svgStyle)
	fmt.Fprintf(&file, `<rect class="paper" width="%d" height="%d"/>`+"\n", svgWidth, p.y)
	file.Write(p.body.Bytes())
	file.WriteString("</svg>\n")
	_, err := w.Write(file.Bytes())
	return err
}

// svgPicture is a picture that is being drawn, from top to bottom.
type svgPicture struct {
	t    *Timeline
	body bytes.Buffer
	y    int // what is above is drawn

	left     int // where ticks begin, right of the names
	tick     int // the width of one, even
	perBand  int // ticks
	from, to int // ticks shown
	runners  int
	kinds    [Note + 1]bool // that were drawn
}

// layout divides the ticks into bands of the same length.
func (p *svgPicture) layout() {
	name := 0
	for _, l := range p.t.Lanes {
		name = max(name, textLength(l.Name, svgPitch))
	}
	p.left = svgMargin + min(name+16, svgGutter)
	room := svgWidth - svgMargin - p.left
	p.perBand = room / svgNarrow
	bands := max(2, min(svgBands, svgLanes/max(1, len(p.t.Lanes))))
	p.from, p.to = p.t.around(bands * p.perBand)
	bands = max(1, (p.to-p.from+p.perBand-1)/p.perBand)
	p.perBand = (p.to - p.from + bands - 1) / bands
	p.tick = min(room/p.perBand, svgWide) &^ 1
}

// around returns which ticks are shown if there is room for some: all, or those
// around the first violation. There is one more than there were events: the
// end, where marks for what is missing stand.
func (t *Timeline) around(room int) (from, to int) {
	end := len(t.At) + 1
	if end <= room {
		return 0, end
	}
	if len(t.Marks) > 0 {
		first := slices.MinFunc(t.Marks, func(a, b Mark) int { return a.Tick - b.Tick })
		from = max(0, min(first.Tick-2*room/3, end-room))
	}
	return from, from + room
}

// at returns where the middle of a tick is in a band that begins with from.
func (p *svgPicture) at(tick, from int) int { return p.left + (tick-from)*p.tick + p.tick/2 }

// right returns where a band ends.
func (p *svgPicture) right(from, to int) int { return p.left + (to-from)*p.tick }

// header draws the title and how the run went.
func (p *svgPicture) header(title string) {
	if title != "" {
		p.text("title", svgMargin, p.y+16, fitted(title, svgInner, 100))
		p.y += 26
	}
	sum := fmt.Sprintf("%s, %s: ", counted(len(p.t.Lanes), "chain"), counted(len(p.t.At), "event"))
	if n := len(p.t.Marks); n > 0 {
		p.text("bad bold", svgMargin+textLength(sum, svgPitch), p.y+12, counted(n, "violation"))
	} else {
		sum += "no violation"
	}
	p.text("faint", svgMargin, p.y+12, sum)
	p.y += 26
}

// overview draws which part of the run is shown, if it is not all of it.
func (p *svgPicture) overview() {
	all := len(p.t.At) + 1
	if p.to-p.from == all {
		return
	}
	place := func(tick int) int { return svgMargin + tick*svgInner/all }
	p.printf(`<rect class="strip" x="%d" y="%d" width="%d" height="8" rx="2"/>`, svgMargin, p.y, svgInner)
	p.printf(`<rect class="shown" x="%d" y="%d" width="%d" height="8" rx="2"/>`, place(p.from), p.y, max(4, place(p.to)-place(p.from)))
	last := -2
	for _, m := range p.t.Marks {
		if x := place(m.Tick); x > last+1 {
			p.printf(`<path class="rule" d="M%d %dv12"/>`, x, p.y-2)
			last = x
		}
	}
	p.text("faint", svgMargin, p.y+24, fmt.Sprintf("events %d to %d of %d are shown", p.from, min(p.to, all-1)-1, all-1))
	p.y += 38
}

// band draws the ticks of a band, in the lanes where something happens.
func (p *svgPicture) band(from, to int) {
	above := p.body
	p.body = bytes.Buffer{}
	top := p.y
	p.y += 18
	for i, l := range p.t.Lanes {
		if p.lane(l, p.t.marksOf(i, from, to), from, to) {
			p.rule(p.y)
		}
	}
	marks, rows := p.placeMarks(p.t.marksOf(-1, from, to), from)
	p.rules(marks, p.y, p.y)
	p.titles(marks, p.y)
	p.y += rows * svgMark
	lanes := p.body
	p.body = above
	p.rule(top + 18)
	p.text("small faint", svgMargin, top+10, "event")
	for tick := from; tick < min(to, len(p.t.At)); tick++ {
		if tick%10 == 0 {
			x := p.at(tick, from)
			p.printf(`<path class="grid" d="M%d %dV%d"/>`, x, top+14, p.y)
			p.printf(`<text class="small faint middle" x="%d" y="%d">%d</text>`, x, top+10, tick)
		}
	}
	p.body.Write(lanes.Bytes())
	p.y += 16
}

func (p *svgPicture) rule(y int) {
	p.printf(`<path class="grid" d="M%d %d.5H%d"/>`, svgMargin, y, svgWidth-svgMargin)
}

// legend explains what was drawn.
func (p *svgPicture) legend() {
	type entry struct {
		kind Kind
		text string
	}
	handler := "handler"
	if p.runners > 1 {
		handler = "handler, and on which goroutine"
	}
	x, y := svgMargin, p.y
	for _, e := range []entry{
		{Allocated, "block, from allocation to release"},
		{Kernel, "kernel: the backend has it"},
		{Handler, handler},
		{Refused, "allocator failed"},
		{Abandoned, "abandoned"},
		{Note, "other event"},
	} {
		if !p.kinds[e.kind] {
			continue
		}
		sample := 28
		if e.kind >= Refused {
			sample = 12
		}
		width := sample + 6 + textLength(e.text, svgPitch)
		if x+width > svgWidth-svgMargin {
			x, y = svgMargin, y+20
		}
		switch e.kind {
		case Allocated:
			p.printf(`<path class="block" d="M%d %dh28v14h-28z"/><path class="release" d="M%d %dv14"/>`, x, y, x+28, y)
		case Kernel:
			p.printf(`<rect class="kernel" x="%d" y="%d" width="28" height="10" rx="2"/>`, x, y+2)
		case Handler:
			p.printf(`<rect class="handler" x="%d" y="%d" width="28" height="12" rx="2"/>`, x, y+1)
		default:
			p.sign(e.kind, x+5, y+7)
		}
		p.text("faint", x+sample+6, y+11, e.text)
		x += width + 22
	}
	p.y = y + 28
}

// explain explains the first violations.
func (p *svgPicture) explain() {
	for i, m := range p.t.Marks {
		if i == svgViolations {
			p.text("faint", svgMargin, p.y+12, fmt.Sprintf("… and %d more", len(p.t.Marks)-i))
			p.y += 20
			break
		}
		p.text("bad bold", svgMargin, p.y+12, m.Title)
		x := svgMargin + textLength(m.Title, svgPitch) + 14
		p.text("faint", x, p.y+12, fitted(m.Where, svgWidth-svgMargin-x, svgPitch))
		p.y += 20
		text := anonymous(m.Text)
		first, size := utf8.DecodeRuneInString(text)
		text = strings.ToUpper(string(first)) + text[size:]
		for _, line := range wrapped(text, svgInner*10/svgPitchProse) {
			p.text("prose", svgMargin, p.y+12, line)
			p.y += 18
		}
		p.y += 8
	}
	p.y += 4
}

var (
	addressed = regexp.MustCompile(`block 0x[0-9a-f]+( of \d+ bytes)?`)
	numbered  = regexp.MustCompile(`goroutine \d+`)
)

// anonymous takes from a text what differs between equal runs.
func anonymous(text string) string {
	text = addressed.ReplaceAllString(text, "a block")
	return numbered.ReplaceAllString(text, "a goroutine")
}

// runners returns on how many goroutines there were handlers.
func (t *Timeline) runners() int {
	n := 0
	for _, l := range t.Lanes {
		for _, s := range l.Spans {
			n = max(n, s.Runner)
		}
	}
	return n
}

func (p *svgPicture) printf(format string, args ...any) {
	fmt.Fprintf(&p.body, format+"\n", args...)
}

// text draws a text that begins at x and stands on y.
func (p *svgPicture) text(class string, x, y int, text string) {
	p.printf(`<text class="%s" x="%d" y="%d">%s</text>`, class, x, y, escaped(text))
}

func escaped(text string) string {
	var b strings.Builder
	xml.EscapeText(&b, []byte(text)) // a Builder does not fail
	return b.String()
}

// textLength returns the length of a text in pixels.
func textLength(text string, pitch int) int { return (utf8.RuneCountInString(text)*pitch + 9) / 10 }

// fitted cuts a text to a length in pixels.
func fitted(text string, length, pitch int) string {
	runes := []rune(text)
	if room := max(0, length*10/pitch); len(runes) > room {
		if room < 2 {
			return ""
		}
		return string(runes[:room-1]) + "…"
	}
	return text
}

// wrapped breaks a text into lines of at most that many characters.
func wrapped(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return slices.Concat(lines, []string{line})
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
