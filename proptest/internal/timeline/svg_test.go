package timeline_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/chains"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/timeline"
)

// TestRuns draws runs of drawn programs, of which half have a fault.
func TestRuns(t *testing.T) {
	for seed := range uint64(40) {
		var options []chains.Option
		if seed%2 == 1 {
			options = append(options, chains.Wrapping(func(h ops.Handler) ops.Handler { return hiding{h} }))
		}
		program := chains.Draw(chains.Seed(seed))
		program.Runners = 1
		if seed%2 == 0 { // else the fault would be a race: a strand is hidden as well
			program.Runners += int(seed % 4)
		}
		report, err := chains.RunSimulated(program, chains.Seed(seed), options...)
		if err != nil {
			t.Fatal(err)
		}
		checkSVG(t, fmt.Sprint("seed ", seed), report.Timeline)
	}
}

// A hiding wrapper has no Unwrap, which breaks clause 2, Default.
type hiding struct{ ops.Handler }

// TestLong says that of a long run the events around the first violation are
// drawn, in a picture of bounded height.
func TestLong(t *testing.T) {
	const lanes, operations, ticks = 9, 300, 4
	for _, late := range []int{0, 3, 150, 299} {
		var long timeline.Timeline
		for i := range lanes {
			long.Lanes = append(long.Lanes, timeline.Lane{Name: fmt.Sprint(i, " long")})
		}
		for n := range operations {
			l, at := &long.Lanes[n%lanes], n*ticks
			l.Labels = append(l.Labels, timeline.Label{Tick: at, Text: fmt.Sprint("operation ", n)})
			if n%5 == 0 {
				l.Labels = append(l.Labels, timeline.Label{Tick: at + 2, Text: timeline.Failure + "unexpected EOF"})
			}
			l.Spans = append(l.Spans,
				timeline.Span{Kind: timeline.Allocated, From: at, To: at + 1},
				timeline.Span{Kind: timeline.Handler, From: at + 2, To: at + 3, Runner: 1})
			if n == late {
				long.Marks = append(long.Marks, timeline.Mark{Tick: at + 2, Lane: n % lanes, Title: contract.ReleasedFirst.String()})
			}
		}
		long.At = make([]time.Duration, operations*ticks)
		name := fmt.Sprint("fault in operation ", late)
		picture := checkSVG(t, name, &long)
		for _, want := range []string{contract.ReleasedFirst.String(), "are shown<", fmt.Sprintf(">operation %d<", late)} {
			if !strings.Contains(picture, want) {
				t.Errorf("%s: there is no %q in the picture", name, want)
			}
		}
	}
}

// TestOdd draws what the ledger of a small run does not show.
func TestOdd(t *testing.T) {
	const never = "block 0xc0001234 of 640 bytes was not released, and goroutine 17 knows"
	for name, odd := range map[string]*timeline.Timeline{
		"nothing":  {},
		"no event": {Lanes: []timeline.Lane{{Name: "idle"}}, Marks: []timeline.Mark{{Tick: 0, Lane: 0, Title: "11 Abandonment", Text: never}}},
		"odd text": {
			Lanes: []timeline.Lane{{
				Name:   "<script>&\x00 a name that is far too long for the gutter",
				Labels: []timeline.Label{{Tick: 0, Text: "<b>"}, {Tick: 1, Text: strings.Repeat("ä", 400)}, {Tick: 2, Text: "!a & b"}, {Tick: 3}},
				Spans:  []timeline.Span{{Kind: timeline.Allocated, From: 0, To: 3}, {Kind: timeline.Handler, From: 2, To: 3, Runner: 12}},
			}},
			At:    make([]time.Duration, 3),
			Marks: []timeline.Mark{{Tick: 1, Lane: -1, Text: "<i>", Where: strings.Repeat("x", 300)}},
		},
		"overlapping": {
			Lanes: []timeline.Lane{{
				Name: "all at once",
				Spans: []timeline.Span{
					{Kind: timeline.Allocated, From: 0, To: 5}, {Kind: timeline.Kernel, From: 1, To: 4},
					{Kind: timeline.Allocated, From: 2, To: 8}, {Kind: timeline.Kernel, From: 3, To: 6},
					{Kind: timeline.Handler, From: 5, To: 8, Runner: 1}, {Kind: timeline.Handler, From: 7, To: 7, Runner: 2},
					{Kind: timeline.Refused, From: 6, To: 6}, {Kind: timeline.Abandoned, From: 7, To: 7}, {Kind: timeline.Note, From: 4, To: 4},
				},
			}},
			At: make([]time.Duration, 8),
			Marks: []timeline.Mark{
				{Tick: 1, Lane: 0, Title: contract.PeakBlocks.String(), Text: "two"}, {Tick: 2, Lane: 0, Title: contract.PeakBlocks.String(), Text: "three"},
				{Tick: 7, Lane: 0, Title: contract.Stable.String(), Text: "moved"}, {Tick: 8, Lane: 0, Title: contract.Abandonment.String(), Text: never}, {Tick: 8, Lane: -1, Title: contract.Abandonment.String(), Text: never},
			},
		},
	} {
		picture := checkSVG(t, name, odd)
		if strings.Contains(picture, "0xc000") || strings.Contains(picture, "goroutine 17") {
			t.Errorf("%s: the picture tells what differs between equal runs", name)
		}
	}
}

type svgText struct {
	text                     string
	left, right, top, bottom int
}

// checkSVG draws a timeline, and checks that the image needs nothing else, and
// that its texts are inside of it and do not overlap.
func checkSVG(t *testing.T, name string, drawn interface{ WriteSVG(io.Writer, string) error }) string {
	t.Helper()
	var picture, again bytes.Buffer
	if err := drawn.WriteSVG(&picture, name); err != nil {
		t.Fatal(err)
	}
	if err := drawn.WriteSVG(&again, name); err != nil || again.String() != picture.String() {
		t.Errorf("%s: drawn again, the picture is another one", name)
	}
	file := filepath.Join(t.ArtifactDir(), strings.NewReplacer(" ", "_").Replace(name)+".svg") // -artifacts keeps it
	if err := os.WriteFile(file, picture.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var texts []svgText
	width, height := 0, 0
	d := xml.NewDecoder(&again)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, picture.String())
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := map[string]string{}
		for _, a := range e.Attr {
			attr[a.Name.Local] = a.Value
		}
		switch e.Name.Local {
		case "svg":
			width, _ = strconv.Atoi(attr["width"])
			height, _ = strconv.Atoi(attr["height"])
		case "text":
			var content string
			if err := d.DecodeElement(&content, &e); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if content != "" {
				texts = append(texts, boxOf(content, attr))
			}
		case "title", "style", "rect", "path", "circle":
		default:
			t.Errorf("%s: the picture has a <%s>", name, e.Name.Local)
		}
	}
	if height > 3500 {
		t.Errorf("%s: the picture is %d pixels high", name, height)
	}
	if strings.Contains(picture.String(), "url(") {
		t.Errorf("%s: the picture needs something from outside", name)
	}
	for i, a := range texts {
		if a.left < 0 || a.right > width || a.top < 0 || a.bottom > height {
			t.Errorf("%s: %q leaves the picture: %+v", name, a.text, a)
		}
		for _, b := range texts[:i] {
			if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
				t.Errorf("%s: %q and %q overlap: %+v, %+v", name, b.text, a.text, b, a)
			}
		}
	}
	return picture.String()
}

// boxOf returns where a text is, as a viewer with a common font sets it.
func boxOf(text string, attr map[string]string) svgText {
	x, _ := strconv.Atoi(attr["x"])
	y, _ := strconv.Atoi(attr["y"])
	size, advance := 12, 7.23
	for class := range strings.FieldsSeq(attr["class"]) {
		switch class {
		case "small":
			size, advance = 10, 6.03
		case "title":
			size, advance = 16, 9.6
		case "prose":
			size, advance = 13, 7
		}
	}
	width := int(float64(utf8.RuneCountInString(text)) * advance)
	switch anchor := regexp.MustCompile(`middle|end`).FindString(attr["class"]); anchor {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	return svgText{text, x, x + width, y - size*4/5, y + size/5}
}
