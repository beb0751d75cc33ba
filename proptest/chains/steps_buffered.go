package chains

import (
	"bufio"

	"github.com/heirloom-go/heirloom/ops"
)

// Composed operations with a step of their own.

func startWriteVectoredFull(c *chainRun, _ *Step, h ops.Handler) {
	ops.WriteVectoredFull(c.end.conn, c.divide(c.outgoing()), h)
}

// startReadToken reads all that is left as one token. Its buffer has no room for more,
// so nothing stays in it for later.
func startReadToken(c *chainRun, s *Step, h ops.Handler) {
	if c.left == 0 {
		startRead(c, s, h)
		return
	}
	c.reader.Reset(c.end.conn, c.incoming())
	c.reader.ReadToken(allOf(c.left), h)
}

// allOf returns the function that finds a token of n bytes.
func allOf(n int) bufio.SplitFunc {
	return func(data []byte, _ bool) (int, []byte, error) {
		if len(data) < n {
			return 0, nil, nil
		}
		return n, data[:n], nil
	}
}

// takeBuffered takes what a read that was ended early has read.
func takeBuffered(c *chainRun, n int, err error) (int, error) {
	if c.left > 0 && err != nil {
		n += len(c.reader.Buffered())
	}
	return n, err
}

// startReadBuffered reads all that is left through the buffer of a reader.
func startReadBuffered(c *chainRun, _ *Step, h ops.Handler) {
	c.reader.Reset(c.end.conn, c.room[:])
	c.reader.ReadFull(c.incoming(), h)
}
