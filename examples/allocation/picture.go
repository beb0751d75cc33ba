package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/heirloom-go/heirloom/ops"
)

// An event is something that happens to the memory of a session, or a call of one of its
// handlers.
type event struct {
	what  what
	step  string // the operation
	block *ops.Operation
}

type what int

const (
	allocated what = iota
	released
	called
	returned
)

// watch notes what happens to the memory of a session, and when its handlers are called.
func (s *boundSession) watch(events *[]event) {
	see := func(e event) { *events = append(*events, e) }
	s.memory.seen = see
	s.onRead = &watched{s.onRead, "read", see}
	s.onWritten = &watched{s.onWritten, "write", see}
}

// A watched handler tells when it is called. Whatever is associated with the handler that it
// wraps is found by Unwrap.
type watched struct {
	ops.Handler
	step string
	seen func(event)
}

// Unwrap returns the handler that is watched.
func (w *watched) Unwrap() ops.Handler { return w.Handler }

// Complete implements ops.Handler.
func (w *watched) Complete(n int, err error) {
	w.seen(event{what: called, step: w.step})
	w.Handler.Complete(n, err)
	w.seen(event{what: returned, step: w.step})
}

// writeChain draws a chain into a file.
func writeChain(name string, events []event) error {
	var b bytes.Buffer
	if err := drawChain(&b, events); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}

// Distances of the picture in pixels.
const (
	pictureWidth = 900
	left         = 130 // of the first event
	bar          = 30  // the height of a row's boxes
)

// after is how far an event lies from the one before it.
var after = map[what]float64{allocated: 44, released: 118, called: 30, returned: 44}

// rows are what the picture shows, from top to bottom.
var rows = []struct {
	y    float64
	name string
}{{96, "kernel"}, {146, "block"}, {196, "handlers"}, {268, "otherwise"}}

// An extent is something that lasts from one event to another.
type extent struct {
	from, to float64
	text     string
}

// drawChain draws the first operations of a chain from what has happened in it: when each
// had its block, and when its handler was called.
func drawChain(w io.Writer, events []event) error {
	var kernel, blocks, handlers []extent
	var marks []float64 // of the first allocation, release and call
	x := float64(left)
	for i, e := range events {
		if i > 0 {
			x += after[e.what]
		}
		if x > pictureWidth-60 {
			break
		}
		switch e.what {
		case allocated:
			if len(blocks) > 0 && e.block != events[0].block {
				return fmt.Errorf("the %s has another block than the operation before it", e.step)
			}
			blocks = append(blocks, extent{x, pictureWidth - 24, e.step})
			kernel = append(kernel, extent{x, pictureWidth - 24, e.step})
		case released:
			blocks[len(blocks)-1].to = x
			kernel[len(kernel)-1].to = x
		case called:
			handlers = append(handlers, extent{x, pictureWidth - 24, e.step})
		case returned:
			handlers[len(handlers)-1].to = x
		}
		if len(marks) < 3 && int(e.what) == len(marks) {
			marks = append(marks, x)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d 400" width="%[1]d" height="400" role="img">`+"\n", pictureWidth)
	b.WriteString("<title>One block of memory, handed down a chain of operations</title>\n<style>" + pictureStyle + "</style>\n")
	fmt.Fprintf(&b, `<rect class="paper" width="%d" height="400"/>`+"\n", pictureWidth)
	b.WriteString(`<text class="title" x="20" y="36">One block, handed down a chain of operations</text>` + "\n")
	b.WriteString(`<text class="faint" x="20" y="58">an echo server's connection: read, write, read, …</text>` + "\n")
	for _, r := range rows {
		fmt.Fprintf(&b, `<text class="name" x="20" y="%.0f">%s</text>`+"\n", r.y+20, r.name)
	}
	for i, m := range marks {
		fmt.Fprintf(&b, `<path class="guide" d="M%.0f 88L%[1]f 236"/><circle class="mark" cx="%[1]f" cy="80" r="9"/><text class="number" x="%[1]f" y="84">%d</text>`+"\n", m, i+1)
	}
	box := func(class string, row int, e extent, text string) {
		fmt.Fprintf(&b, `<rect class="%s" x="%.0f" y="%.0f" width="%.0f" height="%d" rx="3"/>`, class, e.from, rows[row].y, e.to-e.from, bar)
		if 6.5*float64(len(text)) < e.to-e.from {
			fmt.Fprintf(&b, `<text class="in %s" x="%.0f" y="%.0f">%s</text>`, class, (e.from+e.to)/2, rows[row].y+20, text)
		}
		b.WriteString("\n")
	}
	for _, e := range kernel {
		box("kernel", 0, e, e.text)
	}
	fmt.Fprintf(&b, `<rect class="free" x="%d" y="%.0f" width="%d" height="%d" rx="3"/>`+"\n", left, rows[1].y, pictureWidth-24-left, bar)
	for _, e := range blocks {
		box("block", 1, e, "state of the "+e.text)
	}
	for _, e := range handlers {
		box("handler", 2, e, map[string]string{"read": "onRead", "write": "onWritten"}[e.text])
	}
	// Were it released after the call, the next operation would need another one.
	for i, e := range blocks {
		if i < len(handlers) {
			e.to = handlers[i].to
		}
		y := rows[3].y + float64(i%2)*(bar/2+3)
		fmt.Fprintf(&b, `<rect class="other" x="%.0f" y="%.0f" width="%.0f" height="%d" rx="2"/>`+"\n", e.from, y, e.to-e.from, bar/2)
	}
	for i, line := range []string{
		"A handler starts a read. The block for its state comes from the handler's own allocator.",
		"The kernel is done, and the block is released …",
		"… before the handler is called. So the block is free for the write that the handler starts.",
	} {
		y := 338 + 21*i
		fmt.Fprintf(&b, `<circle class="mark" cx="32" cy="%d" r="9"/><text class="number" x="32" y="%d">%d</text><text x="52" y="%[2]d">%[4]s</text>`+"\n", y-4, y, i+1, line)
	}
	fmt.Fprintf(&b, `<text class="faint" x="%d" y="%.0f">if a block were released after the call, the next operation would need another one</text>`+"\n", left, rows[3].y-9)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

const pictureStyle = `
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}
.name{font-weight:600}
.faint{fill:#59636e}
.in{text-anchor:middle;font-size:12px}
.paper{fill:#fff}
rect.kernel{fill:none;stroke:#8b949e;stroke-dasharray:4 3}
rect.free{fill:none;stroke:#3566a8;stroke-width:1.5}
rect.block{fill:#3566a8}
text.block{fill:#fff}
rect.handler{fill:#f0c674}
text.handler{fill:#3d2c00}
rect.other{fill:#c5ccd3}
.guide{stroke:#59636e;stroke-dasharray:2 3}
.mark{fill:#1f2328}
.number{fill:#fff;text-anchor:middle;font-size:11px;font-weight:600}
@media (prefers-color-scheme:dark){
text{fill:#e6e9ec}
.faint{fill:#9ba5af}
.paper{fill:#14181d}
rect.kernel{stroke:#6e7781}
rect.free{stroke:#4d82c9}
rect.block{fill:#4d82c9}
text.block{fill:#fff}
rect.handler{fill:#b98a2e}
text.handler{fill:#1c1400}
rect.other{fill:#424a53}
.guide{stroke:#9ba5af}
.mark{fill:#e6e9ec}
.number{fill:#14181d}
}
`
