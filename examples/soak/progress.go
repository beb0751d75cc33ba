package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A progress tells how a soak goes on: on a terminal by a line that changes in
// place and is gone at the end, elsewhere by a line now and then.
type progress struct {
	w        io.Writer
	terminal bool
	config   config
	tally    *tally
	began    time.Time
	done     chan struct{}
	drawer   sync.WaitGroup

	last     time.Time // of the last line, and what it told
	messages int64
}

const (
	drawEvery = 250 * time.Millisecond
	tellEvery = 10 * time.Second
	lineWidth = 79
)

func newProgress(w io.Writer, c config, all *tally) *progress {
	p := &progress{w: w, config: c, tally: all, began: time.Now(), done: make(chan struct{})}
	p.last = p.began
	if file, ok := w.(*os.File); ok {
		info, err := file.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	every := tellEvery
	if p.terminal {
		every = drawEvery
	}
	p.drawer.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				p.tell(now)
			case <-p.done:
				return
			}
		}
	})
	return p
}

// close ends it.
func (p *progress) close() {
	close(p.done)
	p.drawer.Wait()
	if p.terminal {
		fmt.Fprintf(p.w, "\r%*s\r", lineWidth, "")
	}
}

func (p *progress) tell(now time.Time) {
	messages := p.tally.messages.Load()
	rate := float64(messages-p.messages) / now.Sub(p.last).Seconds()
	p.last, p.messages = now, messages
	var faults int64
	for f := range p.tally.faults {
		faults += p.tally.faults[f].Load()
	}
	line := fmt.Sprintf("%s %v/%v  %d connections  %d messages (%.0f/s)  %d faults",
		p.config.backend, now.Sub(p.began).Round(time.Second), p.config.duration, p.tally.connections.Load(), messages, rate, faults)
	if n := p.tally.violations.Load(); n > 0 {
		line += fmt.Sprintf("  %d VIOLATIONS", n)
	}
	if p.terminal {
		fmt.Fprintf(p.w, "\r%-*.*s", lineWidth, lineWidth, line)
	} else {
		fmt.Fprintln(p.w, line)
	}
}
