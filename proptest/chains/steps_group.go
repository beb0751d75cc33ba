package chains

import (
	"errors"
	"fmt"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// Operations that run at the same time and end together.

// A group is a batch of a chain. Its members have memory of their own.
type group struct {
	batch   ops.Batch
	members [3]ops.Member
	size    int
}

var untilNames = [...]string{"all", "first", "success", "error"}

func drawUntil(d *drawing, s *Step) bool {
	s.Until = ops.Until(d.Choose(len(untilNames), "until"))
	s.Early = d.one("cancelled before its members begin", 4)
	return drawWait(d, s)
}

func untilText(s *Step) string {
	return fmt.Sprintf("until %s, of one that waits %s%s", untilNames[s.Until], waitText(s), when(s.Early, ", cancelled before they begin"))
}

// settleTogether has the chain wait for all, as which of several is first depends on the
// platform.
func settleTogether(_ []Step, s Step) (Step, bool) {
	s.Until, s.Early = ops.UntilAll, false
	return s, true
}

// comesToAnEnd reports whether a batch ends although a member waits for an hour: because it
// is cancelled, or because the member that ends at once decides.
func (s *Step) comesToAnEnd() bool {
	return s.Cancel != CancelNothing || s.Kind == "batch" && (s.Early || s.Until == ops.UntilFirst || s.Until == ops.UntilSuccess)
}

// startTogether starts two waits, and what ends at once.
func startTogether(c *chainRun, s *Step, h ops.Handler) {
	m := c.together(3, s.Until, h)
	if s.Early {
		c.cancels.cancel(c.group.batch.Cancel)
	}
	ops.Post(c.executor(), &m[0])
	c.timer.Wait(pause(s), &m[1])
	c.timer.Wait(pause(s)/2, &m[2])
}

func (c *chainRun) together(n int, until ops.Until, h ops.Handler) []ops.Member {
	g := &c.group
	g.size = n
	g.batch.Start(g.members[:n], until, h)
	return g.members[:n]
}

// judgeTogether judges whether what the handler of a batch was told follows from how the
// members ended.
func judgeTogether(c *chainRun, n int, err error) (int, error) {
	if wrong := c.judgeGroup(c.program.Steps[c.at].Until, n, err); wrong != nil {
		return n, wrong
	}
	return 0, err
}

// judgeGroup returns what is wrong with what the handler of a batch was told. If the proactor
// was closed, that may be all that it is told.
func (c *chainRun) judgeGroup(until ops.Until, n int, err error) error {
	if c.run.refuses(err) {
		return err
	}
	if wrong := c.group.wrong(until, n, err); wrong != "" {
		return errors.New(wrong)
	}
	return nil
}

// wrong returns what is wrong with the end of a batch.
func (g *group) wrong(until ops.Until, n int, err error) string {
	decides := func(m *ops.Member) bool {
		return until == ops.UntilFirst || until == ops.UntilSuccess && m.Err == nil || until == ops.UntilError && m.Err != nil
	}
	told, failed, decided := false, false, false // told: of one of the errors
	for i := range g.members[:g.size] {
		m := &g.members[i]
		decided = decided || decides(m)
		failed = failed || m.Err != nil
		told = told || m.Err != nil && m.Err == err
	}
	switch {
	case n < 0 || n > g.size:
		return fmt.Sprintf("the batch has no member %d", n)
	case n < g.size && !decides(&g.members[n]):
		return fmt.Sprintf("member %d ended with %v, which decides nothing", n, g.members[n].Err)
	case n < g.size && err != g.members[n].Err:
		return fmt.Sprintf("the batch was told %v, and the member that decided %v", err, g.members[n].Err)
	case n == g.size && decided:
		return "no member was said to have decided, and one has"
	case n == g.size && !told && err != nil:
		return fmt.Sprintf("the batch was told %v, and no member was", err)
	case n == g.size && err == nil && failed:
		return "the batch was told of no error, and a member was"
	}
	return ""
}

// patience is the time that a read in time has at first.
const patience = 500 * time.Microsecond

// startReadInTime reads until a time has passed, which is longer with each attempt.
func startReadInTime(c *chainRun, _ *Step, h ops.Handler) {
	m := c.together(2, ops.UntilFirst, h)
	c.end.conn.Read(c.incoming(), &m[0])
	c.timer.Wait(patience<<min(c.attempts-1, 20), &m[1])
}

// takeInTime takes what was read, or tries again if the time has passed first.
func takeInTime(c *chainRun, n int, err error) (int, error) {
	if wrong := c.judgeGroup(ops.UntilFirst, n, err); wrong != nil {
		return n, wrong
	}
	read := &c.group.members[0]
	switch {
	case n == 0 || read.N > 0 || !errors.Is(read.Err, ops.ErrCanceled):
		return read.N, read.Err
	case err != nil:
		return 0, err
	}
	return 0, ops.ErrWouldBlock
}
