package main

import (
	"io"
	"os"
	"strconv"
	"sync"
	"time"
)

// A progress is a bar on a terminal: drawn in place while servers are measured,
// gone when the rows are printed. Where the writer is no terminal it does nothing.
// Drawing allocates nothing, because allocations are being counted.
type progress struct {
	terminal *os.File // nil: nothing is drawn
	total    time.Duration
	began    time.Time
	done     chan struct{}
	drawer   sync.WaitGroup

	mu    sync.Mutex
	label string
	line  []byte
}

const (
	barWidth  = 40
	lineWidth = 60 // what close overwrites
)

// newProgress returns a bar that is full after total.
func newProgress(w io.Writer, total time.Duration) *progress {
	p := &progress{total: total, began: time.Now(), done: make(chan struct{}), line: make([]byte, 0, 2*lineWidth)}
	file, ok := w.(*os.File)
	if !ok {
		return p
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return p
	}
	p.terminal = file
	p.drawer.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.draw()
			case <-p.done:
				return
			}
		}
	})
	return p
}

// show draws the bar, with a label, until it is closed.
func (p *progress) show(label string) {
	p.mu.Lock()
	p.label = label
	p.mu.Unlock()
	p.draw()
}

// close removes the bar from the screen.
func (p *progress) close() {
	close(p.done)
	p.drawer.Wait()
	if p.terminal == nil {
		return
	}
	b := append(p.line[:0], '\r')
	for range lineWidth {
		b = append(b, ' ')
	}
	p.terminal.Write(append(b, '\r'))
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal == nil {
		return
	}
	share := min(time.Since(p.began).Seconds()/p.total.Seconds(), 1)
	b := append(p.line[:0], '\r')
	b = append(b, p.label...)
	for len(b) < 1+len(singleSlot)+2 {
		b = append(b, ' ')
	}
	b = append(b, '[')
	for i := range barWidth {
		if float64(i) < share*barWidth {
			b = append(b, '#')
		} else {
			b = append(b, '.')
		}
	}
	b = append(b, "] "...)
	b = strconv.AppendInt(b, int64(share*100), 10)
	p.terminal.Write(append(b, '%'))
}
