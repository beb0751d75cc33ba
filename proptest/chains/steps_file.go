package chains

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A notebook is the file of a chain, and what must be in it.
type notebook struct {
	file    *platform.File
	content []byte
	written int   // operations, so that no two write the same
	at      int64 // where the last one has begun
}

// openNotebook opens the chain's file if a step of it needs one.
func (c *chainRun) openNotebook() error {
	for _, s := range c.program.Steps {
		if !kindOf(s.Kind).file || c.notes.file != nil {
			continue
		}
		name, err := c.run.newFile("notes")
		if err == nil {
			c.notes.file, err = c.run.proactor.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		}
		if err != nil {
			return fmt.Errorf("chains: %w", err)
		}
	}
	return nil
}

// newFile returns the name of a file of a chain that nobody else uses. A world without a
// kernel has names of its own.
func (r *run) newFile(what string) (string, error) {
	if r.world != nil {
		return fmt.Sprintf("/%s%d", what, len(r.chains)), nil
	}
	f, err := os.CreateTemp("", "proptest")
	if err != nil {
		return "", err
	}
	r.cleanup = append(r.cleanup, func() { os.Remove(f.Name()) })
	return f.Name(), f.Close()
}

func drawFileSize(d *drawing, s *Step) bool {
	s.Size = pick(d, "bytes", []int{1, 0, 64, 5000})
	return true
}

// startWriteAt writes over the last quarter of the file and beyond it.
func startWriteAt(c *chainRun, s *Step, h ops.Handler) {
	n := &c.notes
	n.at = int64(len(n.content) - len(n.content)/4)
	n.written++
	n.file.WriteAt(n.page(s.Size), n.at, h)
}

// page returns what the last operation writes.
func (n *notebook) page(size int) []byte {
	from := n.written * 7919 % patternPeriod
	return pattern[from : from+size]
}

// finishWriteAt keeps what was written, which is less than everything if the write was
// cancelled in its midst, or found no room for more.
func finishWriteAt(c *chainRun, n int, err error) (int, error) {
	notes := &c.notes
	page := notes.page(c.program.Steps[c.at].Size)
	page = page[:max(0, min(n, len(page)))]
	if end := int(notes.at) + len(page); end > len(notes.content) {
		notes.content = append(notes.content, make([]byte, end-len(notes.content))...)
	}
	copy(notes.content[notes.at:], page)
	return n, err
}

// checkWriteAt judges a write. Where a simulated file has no room for all of it, whoever reads
// sees whether there is as much in the file as the handler was told.
func checkWriteAt(c *chainRun, s *Step, n int, err error) string {
	if c.run.weather.NoSpace > 0 && errors.Is(err, syscall.ENOSPC) {
		if n < 0 || n >= s.Size {
			return fmt.Sprintf("must be less than %d: there was no room for all", s.Size)
		}
		return ""
	}
	if err != nil || n != s.Size {
		return fmt.Sprintf("must be %d, nil: less than everything is written only with an error", s.Size)
	}
	return ""
}

// startReadAt reads from the middle of the file.
func startReadAt(c *chainRun, s *Step, h ops.Handler) {
	n := &c.notes
	n.at = int64(len(n.content) / 2)
	n.file.ReadAt(c.buffer(s.Size), n.at, h)
}

// checkReadAt judges a read of what was written before. A write that was
// cancelled must have left what its handler was told, and nothing else.
func checkReadAt(c *chainRun, s *Step, n int, err error) string {
	want := c.notes.content[c.notes.at:]
	want = want[:min(len(want), s.Size)]
	switch {
	case len(want) == 0 && s.Size > 0:
		if n != 0 || err != io.EOF {
			return "must be 0, io.EOF"
		}
	case err != nil || n > len(want) || n == 0 && s.Size > 0:
		return fmt.Sprintf("must be up to %d, nil", len(want))
	case !bytes.Equal(c.buf[:n], want[:n]):
		return fmt.Sprintf("the bytes read at %d differ from those written", c.notes.at)
	}
	return ""
}

func startSync(c *chainRun, _ *Step, h ops.Handler) { c.notes.file.Sync(h) }
func cancelFile(c *chainRun, _ *Step) func()        { return c.notes.file.Cancel }
