package chains

import (
	"fmt"
	"os"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// An enclosure is the file that a chain sends on its connection. A step writes to it what
// is to be sent, and then sends it. It does not write over what was sent before: the kernel
// may send the pages of the file themselves, and the peer then reads what they have later.
type enclosure struct {
	file    *platform.File
	step    int // that it was last used in, from 1
	at      int // where what it sends begins
	size    int // how much it is to send
	written int // of it, to the file
}

// openEnclosure opens the chain's file to send if a step of it needs one.
func (c *chainRun) openEnclosure() error {
	for _, s := range c.program.Steps {
		if s.Kind != "send file" || c.enclosed.file != nil {
			continue
		}
		name, err := c.run.newFile("enclosure")
		if err == nil {
			c.enclosed.file, err = c.run.proactor.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		}
		if err != nil {
			return fmt.Errorf("chains: %w", err)
		}
	}
	return nil
}

func startSendFile(c *chainRun, _ *Step, h ops.Handler) {
	e, out := &c.enclosed, c.outgoing()
	if e.step != c.at+1 {
		e.step, e.at, e.size, e.written = c.at+1, e.at+e.size, len(out), 0
	}
	if e.written < e.size {
		e.file.WriteAt(out[e.written:], int64(e.at+e.written), h)
		return
	}
	c.end.conn.SendFile(e.file, int64(e.at+e.size-c.left), int64(c.left), h)
}

// takeWritten goes on to write what is to be sent, and then to send it.
func takeWritten(c *chainRun, n int, err error) (int, error) {
	e := &c.enclosed
	if e.written == e.size {
		return n, err
	}
	if e.written += n; err == nil {
		err = ops.ErrWouldBlock
	}
	return 0, err
}
