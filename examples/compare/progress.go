package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A progress is a bar on a terminal that is drawn in place, and gone at the end. Where the
// writer is no terminal, it does nothing.
type progress struct {
	terminal    *os.File // nil: nothing is drawn
	done, total int
	began       time.Time
}

const (
	barWidth   = 16
	labelWidth = 40 // which makes a line that fits into 80 columns
)

// newProgress returns a bar that is full after a number of steps.
func newProgress(w io.Writer, total int) *progress {
	p := &progress{total: total, began: time.Now()}
	if file, ok := w.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.terminal = file
		}
	}
	return p
}

// step says that one more step is done, or for the first one, that it is being done.
func (p *progress) step(label string) {
	p.done++
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r"+p.line(label, time.Since(p.began)))
	}
}

func (p *progress) line(label string, elapsed time.Duration) string {
	full := barWidth * p.done / max(p.total, 1)
	left := elapsed / time.Duration(p.done) * time.Duration(p.total-p.done)
	if runes := []rune(label); len(runes) > labelWidth {
		label = string(runes[:labelWidth-1]) + "…"
	}
	return fmt.Sprintf("[%s%s] %3d%%, %6s left; %-*s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full),
		100*p.done/max(p.total, 1), left.Round(time.Second), labelWidth, label)
}

// close removes the bar from the screen.
func (p *progress) close() {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r\x1b[K")
	}
}
