package proptest

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

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestTimelineSVG draws runs of drawn programs, of which half have a fault.
func TestTimelineSVG(t *testing.T) {
	for seed := range uint64(40) {
		var options []Option
		runners := 1 + int(seed%4)
		if seed%2 == 1 {
			if raceEnabled {
				runners = 1 // with more, the fault is a race
			}
			options = append(options, Wrapping(releaseLate(func(error) bool { return true })))
		}
		report, err := Run(draw(Seed(seed), runners), platform.New, options...)
		if err != nil {
			t.Fatal(err)
		}
		checkSVG(t, fmt.Sprint("seed ", seed), report.Timeline)
	}
}

// TestTimelineSVGLong says that of a long run the events around the first
// violation are drawn, in a picture of bounded height.
func TestTimelineSVGLong(t *testing.T) {
	for _, late := range []int{0, 3, 150, 299} {
		l := NewLedger()
		var chains []*Chain
		var sources []allocator.Allocator[ops.Operation]
		for i := range maxChains {
			c := l.Chain(fmt.Sprint(i, " long"))
			chains = append(chains, c)
			sources = append(sources, Watch[ops.Operation](c, nil))
		}
		for n := range 300 {
			var err error
			if n%5 == 0 {
				err = io.ErrUnexpectedEOF
			}
			playOne(l, chains[n%maxChains], sources[n%maxChains], fmt.Sprint("operation ", n), n == late, err)
		}
		l.Finish()
		name := fmt.Sprint("fault in operation ", late)
		picture := checkSVG(t, name, l.Timeline())
		for _, want := range []string{allocator.ReleasedFirst.String(), "are shown<", fmt.Sprintf(">operation %d<", late)} {
			if !strings.Contains(picture, want) {
				t.Errorf("%s: there is no %q in the picture", name, want)
			}
		}
	}
}

// TestTimelineSVGOdd draws what the ledger of a small run does not show.
func TestTimelineSVGOdd(t *testing.T) {
	never := Violation{Clause: allocator.Abandonment, Text: "block 0xc0001234 of 640 bytes was not released, and goroutine 17 knows"}
	for name, timeline := range map[string]*Timeline{
		"nothing":  {},
		"no event": {Lanes: []Lane{{Name: "idle"}}, Marks: []Mark{{Tick: 0, Lane: 0, Violation: never}}},
		"odd text": {
			Lanes: []Lane{{
				Name:   "<script>&\x00 a name that is far too long for the gutter",
				Labels: []Label{{0, "<b>"}, {1, strings.Repeat("ä", 400)}, {2, "!a & b"}, {3, ""}},
				Spans:  []Span{{Kind: SpanAllocated, From: 0, To: 3}, {Kind: SpanHandler, From: 2, To: 3, Runner: 12}},
			}},
			At:    make([]time.Duration, 3),
			Marks: []Mark{{Tick: 1, Lane: -1, Violation: Violation{Text: "<i>", Chain: strings.Repeat("x", 300)}}},
		},
		"overlapping": {
			Lanes: []Lane{{
				Name: "all at once",
				Spans: []Span{
					{Kind: SpanAllocated, From: 0, To: 5}, {Kind: SpanKernel, From: 1, To: 4},
					{Kind: SpanAllocated, From: 2, To: 8}, {Kind: SpanKernel, From: 3, To: 6},
					{Kind: SpanHandler, From: 5, To: 8, Runner: 1}, {Kind: SpanHandler, From: 7, To: 7, Runner: 2},
					{Kind: SpanRefused, From: 6, To: 6}, {Kind: SpanAbandoned, From: 7, To: 7}, {Kind: SpanNote, From: 4, To: 4},
				},
			}},
			At: make([]time.Duration, 8),
			Marks: []Mark{
				{1, 0, Violation{Clause: allocator.PeakBlocks, Text: "two"}}, {2, 0, Violation{Clause: allocator.PeakBlocks, Text: "three"}},
				{7, 0, Violation{Clause: allocator.Stable, Text: "moved"}}, {8, 0, never}, {8, -1, never},
			},
		},
	} {
		picture := checkSVG(t, name, timeline)
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
func checkSVG(t *testing.T, name string, timeline *Timeline) string {
	t.Helper()
	var picture, again bytes.Buffer
	if err := timeline.WriteSVG(&picture, name); err != nil {
		t.Fatal(err)
	}
	if err := timeline.WriteSVG(&again, name); err != nil || again.String() != picture.String() {
		t.Errorf("%s: drawn again, the picture is another one", name)
	}
	file := filepath.Join(t.ArtifactDir(), plainName(name)+".svg") // -artifacts keeps it
	if err := os.WriteFile(file, picture.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	var texts []svgText
	height := 0
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
		if a.left < 0 || a.right > svgWidth || a.top < 0 || a.bottom > height {
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
