package chains

import (
	"bytes"

	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/memory"
)

// A buffer is the program's again when the handler of the read is called. That
// of a read that ended early is set aside, with nothing but poison in it, and
// looked at when the run is over: nobody may have written to it.

// returned is a buffer that was set aside.
type returned struct {
	contract.Operation
	buf []byte
}

// buffer returns a buffer of n bytes, which the chain's next read may use.
func (c *chainRun) buffer(n int) []byte {
	if cap(c.buf) < n {
		c.buf = make([]byte, n)
	}
	return c.buf[:n]
}

// setAside keeps the buffer of an operation that was cancelled for inspection.
func (c *chainRun) setAside(o contract.Operation) {
	if cap(c.buf) == 0 {
		return
	}
	r := returned{o, c.buf[:cap(c.buf)]}
	for i := range r.buf {
		r.buf[i] = memory.PoisonByte
	}
	c.returned = append(c.returned, r)
	c.buf = nil
}

// inspectBuffers judges what became of the buffers that were set aside.
func (r *run) inspectBuffers() {
	for _, c := range r.chains {
		for _, was := range c.returned {
			if n := len(was.buf) - bytes.Count(was.buf, []byte{memory.PoisonByte}); n > 0 {
				was.Fail(contract.Stable, "%d bytes of the buffer were written after the handler was told that the operation had ended early", n)
			}
		}
	}
}
