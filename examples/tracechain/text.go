package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// writeText prints a table for each chain, with a row for each call of a handler: when the
// block of the operation was allocated, how long it was held, how long after its release
// the handler was called, and how long that ran.
func (l *lives) writeText(w io.Writer) error {
	var b strings.Builder
	for i, c := range l.chains {
		if i > 0 && len(c.calls) > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s: %s\n", c.name, c.summary())
		c.table(&b, l.from)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summary says how many there were of what.
func (c *chain) summary() string {
	var said []string
	if n := len(c.blocks); n > 0 {
		text := counted(n, "block")
		if n == 1 {
			text += ", held for " + precise(c.blocks[0].to-c.blocks[0].from)
		} else {
			text += fmt.Sprintf(", at most %d at a time", c.most)
		}
		if len(c.alive) > 0 {
			text += fmt.Sprintf(", %d of them held to the end", len(c.alive))
		}
		said = append(said, text)
	}
	if n := len(c.calls); n > 0 {
		said = append(said, counted(n, "call"))
	}
	if n := len(c.failed); n > 0 {
		said = append(said, counted(n, "failure")+" to allocate")
	}
	return strings.Join(said, "; ")
}

func (c *chain) table(b *strings.Builder, from time.Duration) {
	if len(c.calls) == 0 {
		return
	}
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tallocated\theld\tcalled after\tran\t\t")
	shown := -1 // the last block in the table
	for _, x := range c.calls {
		allocated, held, after := "–", "–", "–"
		if x.block > shown {
			shown = x.block
			block := c.blocks[x.block]
			allocated, held, after = precise(block.from-from), precise(block.to-block.from), precise(x.from-block.to)
			if block.early {
				allocated = "earlier"
			}
		}
		what := x.what
		if x.failed {
			what += ", with an error"
		}
		if x.held > 0 && c.most == 1 {
			what += ", BEFORE THE RELEASE"
		}
		fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t\t%s\n", allocated, held, after, precise(x.to-x.from), what)
	}
	t.Flush()
}

// precise returns a time in microseconds, with one decimal.
func precise(d time.Duration) string {
	return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond))
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
