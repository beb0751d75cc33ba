package chains

import (
	"github.com/heirloom-go/heirloom/ops"
)

func startWriteVectored(c *chainRun, _ *Step, h ops.Handler) {
	c.end.conn.WriteVectored(c.divide(c.outgoing()), h)
}

func startReadVectored(c *chainRun, _ *Step, h ops.Handler) {
	c.end.conn.ReadVectored(c.divide(c.incoming()), h)
}

// divide returns b as a list of buffers that get smaller and smaller, with empty
// ones between them.
func (c *chainRun) divide(b []byte) [][]byte {
	c.buffers = c.buffers[:0]
	for len(b) > 0 {
		n := (len(b) + 1) / 2
		c.buffers = append(c.buffers, nil, b[:n:n])
		b = b[n:]
	}
	return c.buffers
}
