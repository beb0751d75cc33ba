package main

import (
	"strings"
	"time"
)

// lives is what the chains in a trace did.
type lives struct {
	chains   []*chain      // in the order in which they began
	from, to time.Duration // of the first and the last event
}

// A chain is what has one name in a trace.
type chain struct {
	name   string
	blocks []block
	calls  []call
	failed []time.Duration // when its allocator could not
	most   int             // blocks at a time

	alive   []int           // blocks that are not released yet, the oldest first
	open    map[int64][]int // calls that have not returned, of each goroutine
	refused bool            // the allocation that is about to end has failed
}

// A block lasts from its allocation to its release. A trace does not tell which of
// several blocks of an allocator is released: it is taken to be the oldest.
type block struct {
	from, to    time.Duration
	early, late bool // it was there before the trace began, or still when it ended
}

// A call is one of a handler.
type call struct {
	what     string
	from, to time.Duration
	failed   bool // it was called with an error
	held     int  // blocks of its chain that were not released by then
	block    int  // the last of its chain that was, or -1
}

// The regions of combinators.Trace.
const (
	allocate   = "Allocate"
	deallocate = "Deallocate"
)

// livesOf tells the lives of chains from the events of a trace. What has another name
// than theirs is left out.
func livesOf(events []event) *lives {
	l := new(lives)
	byName := make(map[string]*chain)
	for _, e := range events {
		name, what := parts(e.name)
		c := byName[name]
		if e.kind == logs {
			if of := byName[e.name]; of != nil {
				c, what = of, allocate // an allocator logs under its own name
			}
			if c == nil {
				continue
			}
		}
		if what == "" {
			continue
		}
		if c == nil {
			c = &chain{name: name, open: make(map[int64][]int)}
			byName[name] = c
			l.chains = append(l.chains, c)
		}
		if l.to == 0 {
			l.from = e.at
		}
		l.to = e.at
		switch what {
		case allocate:
			c.allocates(e)
		case deallocate:
			c.releases(e)
		default:
			c.calling(e, what)
		}
	}
	for _, c := range l.chains {
		c.end(l.from, l.to)
	}
	return l
}

// parts splits a name at its last colon.
func parts(name string) (chain, what string) {
	if i := strings.LastIndex(name, ": "); i >= 0 {
		return name[:i], name[i+2:]
	}
	return name, ""
}

// allocates adds a block when its allocation has ended, unless that has failed.
func (c *chain) allocates(e event) {
	switch {
	case e.kind == logs:
		c.refused = true
		c.failed = append(c.failed, e.at)
	case e.kind == ends && c.refused:
		c.refused = false
	case e.kind == ends:
		c.alive = append(c.alive, len(c.blocks))
		c.blocks = append(c.blocks, block{from: e.at})
		c.most = max(c.most, len(c.alive))
	}
}

// releases ends a block when its release begins.
func (c *chain) releases(e event) {
	switch {
	case e.kind != begins:
	case len(c.alive) == 0:
		c.blocks = append(c.blocks, block{to: e.at, early: true})
		c.most = max(c.most, 1)
	default:
		c.blocks[c.alive[0]].to = e.at
		c.alive = c.alive[1:]
	}
}

// calling adds what a trace has of the calls of a handler.
func (c *chain) calling(e event, what string) {
	if e.kind == begins {
		c.open[e.goroutine] = append(c.open[e.goroutine], len(c.calls))
		c.calls = append(c.calls, call{what: what, from: e.at, held: len(c.alive), block: c.released()})
		return
	}
	open := c.open[e.goroutine]
	if len(open) == 0 {
		return // it began before the trace
	}
	last := &c.calls[open[len(open)-1]]
	if e.kind == logs {
		last.failed = true
		return
	}
	last.to = e.at
	c.open[e.goroutine] = open[:len(open)-1]
}

// released returns which block was released last, or -1.
func (c *chain) released() int {
	last := -1
	for i := len(c.blocks) - 1; i >= 0 && i >= len(c.blocks)-1-len(c.alive); i-- {
		if b := c.blocks[i]; b.to > 0 && (last < 0 || b.to > c.blocks[last].to) {
			last = i
		}
	}
	return last
}

// end gives what lasted before and after the trace the trace's ends.
func (c *chain) end(from, to time.Duration) {
	for i := range c.blocks {
		if c.blocks[i].early {
			c.blocks[i].from = from
		}
	}
	for _, i := range c.alive {
		c.blocks[i].to, c.blocks[i].late = to, true
	}
	for i := range c.calls {
		if c.calls[i].to == 0 {
			c.calls[i].to = to
		}
	}
}

// A problem is a handler that ran before the block of its operation was released.
type problem struct {
	chain string
	call  call
}

// problems returns where the contract was broken. Of a chain that has several
// operations at a time a trace does not tell.
func (l *lives) problems() (all []problem) {
	for _, c := range l.chains {
		for _, x := range c.calls {
			if x.held > 0 && c.most == 1 {
				all = append(all, problem{c.name, x})
			}
		}
	}
	return all
}
