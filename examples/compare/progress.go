package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A progress is a bar that is drawn in place, and gone at the end. It is drawn on a terminal only.
type progress struct {
	terminal    *os.File // nil: nothing is drawn
	done, total int
	began       time.Time
}

const (
	barWidth   = 16
	labelWidth = 40 // which makes a line that fits into 80 columns
)

// newProgress returns a bar for a number of steps.
func newProgress(w io.Writer, total int) *progress {
	p := &progress{total: total, began: time.Now()}
	if file, ok := w.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.terminal = file
		}
	}
	return p
}

// step says that the next step begins.
func (p *progress) step(label string) {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r"+p.line(label, time.Since(p.began)))
	}
	p.done++
}

func (p *progress) line(label string, elapsed time.Duration) string {
	full := barWidth * p.done / max(p.total, 1)
	left := "?"
	if p.done > 0 {
		left = (elapsed / time.Duration(p.done) * time.Duration(p.total-p.done)).Round(time.Second).String()
	}
	if runes := []rune(label); len(runes) > labelWidth {
		label = string(runes[:labelWidth-1]) + "…"
	}
	return fmt.Sprintf("[%s%s] %3d%%, %6s left; %-*s", strings.Repeat("#", full), strings.Repeat(".", barWidth-full),
		100*p.done/max(p.total, 1), left, labelWidth, label)
}

// close removes the bar from the screen.
func (p *progress) close() {
	if p.terminal != nil {
		fmt.Fprint(p.terminal, "\r\x1b[K")
	}
}
