package chains

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// A kind is a kind of step. A new operation of this module joins the language of
// chains in the table below, and nowhere else. Those of others are registered.
type kind struct {
	name string
	role role

	// draw draws the step's arguments, and reports whether the step makes
	// sense in the program so far. It is nil if there are none.
	draw func(d *drawing, s *Step) bool

	// text describes the arguments.
	text func(s *Step) string

	// start starts the operation. It is nil for what is not an operation.
	start func(c *chainRun, s *Step, h ops.Handler)

	// do does what is not an operation, in the handler of the one before.
	do func(c *chainRun, s *Step)

	// pass is do for a step that the chain may have to wait at without an
	// operation. It reports whether the chain goes on at once; if not,
	// whoever it waits for takes it further.
	pass func(c *chainRun, s *Step) bool

	// finish does what is left to do when the handler was called, and returns
	// the result of the whole; or ops.ErrWouldBlock, to try again.
	finish func(c *chainRun, n int, err error) (int, error)

	// check judges what the handler was told of an operation that was neither
	// cancelled nor refused, and returns what is wrong with it.
	check func(c *chainRun, s *Step, n int, err error) string

	// cancel returns the call that cancels everything that is outstanding
	// where the operation will be, if there is such a call.
	cancel func(c *chainRun, s *Step) func()

	// settle returns the step that takes its place, after others, where the
	// result must depend on the program alone; or none. It is nil if the step
	// can stay.
	settle func(before []Step, s Step) (Step, bool)

	transfers bool // goes on until Size bytes are transferred
	reads     bool // into the buffer of the chain
	mail      bool // needs a mailbox
	file      bool // needs a file
	once      bool // is not tried again if it was cancelled
	connects  bool // opens the connection of a link
	own       bool // has memory of its own, and needs none of the chain's
	apart     bool // its parts have memory of their own
	untimed   bool // has a deadline of its own, or none
	coroutine bool // is one, and has the memory of that besides
	parts     bool // consists of operations that its handlers start
	arrives   bool // gets a buffer once data has arrived

	registered bool // by Register

	// frame is what a registered composed operation has besides its block.
	frame *frame
}

// A role says where in a program a kind of step may stand.
type role int

const (
	placed   role = iota // where draw.go puts it
	local                // anywhere: no other chain needs to know
	sends                // to transfer bytes to the peer
	receives             // to transfer bytes from the peer
)

// What a step of each role does.
var roleNames = [...]string{placed: "is placed", local: "concerns nobody else", sends: "sends", receives: "receives"}

var (
	kinds  []*kind // filled in by init: a step may fork a chain of further ones
	byName = make(map[string]*kind)
	byRole = make(map[role][]*kind)
)

// add adds a kind to the language.
func add(k *kind) {
	kinds = append(kinds, k)
	byName[k.name] = k
	byRole[k.role] = append(byRole[k.role], k)
}

func init() {
	for _, k := range []*kind{
		{name: "post", role: local, start: startPost, check: plain, once: true},
		{name: "dispatch", role: local, start: startDispatch, check: plain, once: true},
		{name: "defer", role: local, start: startDefer, check: plain, once: true},
		{name: "compose", role: local, draw: drawCompose, text: depthText, start: startCompose, check: plain, cancel: cancelTimer, once: true},
		{name: "coroutine", role: local, start: startCoroutine, check: plain, cancel: cancelTimer, once: true, coroutine: true},
		{name: "send", role: local, start: startSend, check: checkSend, cancel: cancelMail, mail: true, once: true},
		{name: "send to", role: local, draw: drawSendTo, text: chainText, start: startSendTo, check: checkSend, cancel: cancelMail, mail: true, once: true},
		{name: "receive", role: local, draw: drawReceive, text: receiveText, start: startReceive, check: checkReceive, cancel: cancelMail, mail: true, reads: true, once: true, untimed: true, settle: settleReceive},
		{name: "send batch", role: local, start: startSendBatch, check: checkSendBatch, cancel: cancelMail, mail: true, once: true, settle: becomes("send")},
		{name: "receive batch", role: local, draw: drawReceive, text: receiveText, start: startReceiveBatch, check: checkReceiveBatch, cancel: cancelMail, mail: true, reads: true, once: true, untimed: true, settle: settleReceiveBatch},
		{name: "wait", role: local, draw: drawWait, text: waitText, start: startWait, check: checkWait, cancel: cancelTimer, once: true},
		{name: "batch", role: local, draw: drawUntil, text: untilText, start: startTogether, finish: judgeTogether, check: plain, cancel: cancelTimer, once: true, own: true, settle: settleTogether},
		{name: "wait signal", role: local, draw: drawSignal, text: signalText, start: startWaitSignal, check: checkWaitSignal, cancel: cancelSignals, once: true},
		{name: "fork", role: local, draw: drawFork, text: chainText, do: (*chainRun).fork},
		{name: "join", role: local, draw: drawJoin, text: chainText, pass: (*chainRun).join},
		{name: "cancel", role: local, draw: drawCancel, text: chainText, do: (*chainRun).cancelChain, settle: leaveOut},
		{name: "panic", role: local, start: startPost, check: plain, once: true},
		{name: "gc", role: local, draw: drawGC, do: (*chainRun).collect},
		{name: "write at", role: local, draw: drawFileSize, text: sizeText, start: startWriteAt, finish: finishWriteAt, check: checkWriteAt, cancel: cancelFile, file: true, once: true, settle: leaveOut},
		{name: "read at", role: local, draw: drawFileSize, text: sizeText, start: startReadAt, check: checkReadAt, cancel: cancelFile, file: true, once: true, settle: leaveOut},
		{name: "sync", role: local, start: startSync, check: plain, cancel: cancelFile, file: true, once: true},

		{name: "write full", role: sends, text: sizeText, start: startWriteFull, check: checkFull, cancel: cancelConn, transfers: true},
		{name: "write", role: sends, text: sizeText, start: startWrite, check: checkSome, cancel: cancelConn, transfers: true, settle: becomes("write full")},
		{name: "write vectored", role: sends, text: sizeText, start: startWriteVectored, check: checkSome, cancel: cancelConn, transfers: true, settle: becomes("write full")},
		{name: "write vectored full", role: sends, text: sizeText, start: startWriteVectoredFull, check: checkFull, cancel: cancelConn, transfers: true},
		{name: "write queued", role: sends, text: sizeText, start: startWriteQueued, finish: takeQueued, check: checkFull, cancel: cancelConn, transfers: true, apart: true, untimed: true, settle: settleQueued},
		{name: "append", role: sends, text: sizeText, start: startAppend, finish: takeAppended, check: checkFull, cancel: cancelConn, transfers: true, apart: true, untimed: true},
		{name: "copy out", role: sends, text: sizeText, start: startCopyOut, check: checkFull, cancel: cancelConn, transfers: true},
		{name: "write lowered", role: sends, text: sizeText, start: startWriteLowered, check: checkFull, cancel: cancelConn, transfers: true},
		{name: "pipe", role: sends, text: sizeText, start: startPipe, finish: takePiped, check: checkFull, cancel: cancelConn, transfers: true, own: true},
		{name: "write in a coroutine", role: sends, text: sizeText, start: startCoroutineWrite, finish: takeMoved, check: checkFull, cancel: cancelConn, transfers: true, coroutine: true},
		{name: "send file", role: sends, text: sizeText, start: startSendFile, finish: takeWritten, check: checkFull, cancel: cancelConn, transfers: true, settle: becomes("write full")},
		{name: "read full", role: receives, text: sizeText, start: startReadFull, check: checkFull, cancel: cancelConn, transfers: true, reads: true},
		{name: "read", role: receives, text: sizeText, start: startRead, check: checkSome, cancel: cancelConn, transfers: true, reads: true, settle: becomes("read full")},
		{name: "read vectored", role: receives, text: sizeText, start: startReadVectored, check: checkSome, cancel: cancelConn, transfers: true, reads: true, settle: becomes("read full")},
		{name: "read on arrival", role: receives, text: sizeText, start: startReadOnArrival, finish: takeArrived, check: checkSome, cancel: cancelConn, transfers: true, reads: true, arrives: true, settle: becomes("read full")},
		{name: "wait readable", role: receives, text: sizeText, start: startWaitReadable, finish: tryRead, check: checkSome, cancel: cancelConn, transfers: true, reads: true, settle: becomes("read full")},
		{name: "read token", role: receives, text: sizeText, start: startReadToken, finish: takeBuffered, check: checkFull, cancel: cancelConn, transfers: true, reads: true},
		{name: "read buffered", role: receives, text: sizeText, start: startReadBuffered, check: checkFull, cancel: cancelConn, transfers: true, reads: true},
		{name: "copy in", role: receives, text: sizeText, start: startCopyIn, finish: takeCopied, check: checkFull, cancel: cancelConn, transfers: true, reads: true},
		{name: "read lowered", role: receives, text: sizeText, start: startReadLowered, check: checkFull, cancel: cancelConn, transfers: true, reads: true},
		{name: "read in a coroutine", role: receives, text: sizeText, start: startCoroutineRead, finish: takeMoved, check: checkFull, cancel: cancelConn, transfers: true, reads: true, coroutine: true},
		{name: "read in time", role: receives, text: sizeText, start: startReadInTime, finish: takeInTime, check: checkSome, cancel: cancelConn, transfers: true, reads: true, own: true, settle: becomes("read full")},

		{name: "connect", text: linkText, start: startConnect, check: plain, connects: true},
		{name: "dial", text: linkText, start: startDial, check: plain, connects: true},
		{name: "accept", text: linkText, start: startAccept, check: checkAccept, cancel: cancelListener},
		{name: "shut", text: linkText, do: (*chainRun).shut},
		{name: "end", text: linkText, start: startEnd, check: checkEnd, cancel: cancelConn, reads: true},
		{name: "close", text: linkText, do: (*chainRun).closeEnd},
		{name: "abort", text: linkText, do: (*chainRun).abort, settle: leaveOut},
		{name: "stop", do: (*chainRun).stop, settle: leaveOut},
	} {
		add(k)
	}
}

// late reports whether an operation of the kind can be given a deadline.
func (k *kind) late() bool {
	return !k.untimed && (k.cancel != nil || k.connects)
}

func kindOf(name string) *kind        { return byName[name] }
func kindsOf(r role) []*kind          { return byRole[r] }
func sizeText(s *Step) string         { return fmt.Sprint(s.Size) }
func linkText(s *Step) string         { return fmt.Sprintf("link %d", s.Link) }
func chainText(s *Step) string        { return fmt.Sprintf("chain %d", s.Chain) }
func drawGC(d *drawing, _ *Step) bool { return d.one("collect garbage", 4) }

func leaveOut([]Step, Step) (Step, bool) { return Step{}, false }

func becomes(kind string) func([]Step, Step) (Step, bool) {
	return func(_ []Step, s Step) (Step, bool) {
		s.Kind = kind
		return s, true
	}
}

// plain is the check of what transfers nothing.
func plain(_ *chainRun, _ *Step, n int, err error) string {
	if n != 0 || err != nil {
		return "must be 0, nil"
	}
	return ""
}

func drawWait(d *drawing, s *Step) bool {
	s.Pause = pick(d, "pause", pauses)
	return true
}

func waitText(s *Step) string {
	if s.Pause < 0 {
		return "an hour"
	}
	return fmt.Sprintf("%d µs", s.Pause)
}

func startWait(c *chainRun, s *Step, h ops.Handler) { c.timer.Wait(pause(s), h) }

func pause(s *Step) time.Duration {
	if s.Pause < 0 {
		return time.Hour
	}
	return time.Duration(s.Pause) * time.Microsecond
}

func checkWait(c *chainRun, s *Step, n int, err error) string {
	if passed := c.run.ledger.Now() - c.begun; passed < pause(s) {
		return fmt.Sprintf("came after %v, which is too early", passed)
	}
	return plain(c, s, n, err)
}

func cancelTimer(c *chainRun, _ *Step) func() { return c.timer.Cancel }

func drawFork(d *drawing, s *Step) bool {
	if len(d.p.Chains) >= maxChains {
		return false
	}
	s.Chain = d.alone("forked")
	return true
}

// drawJoin joins the chain that this one has forked last, unless it was joined; where
// there is none it forks one, for a later step to join. Only chains that talk to nobody
// come to their end whatever this one does.
func drawJoin(d *drawing, s *Step) bool {
	steps := d.p.Chains[d.chainAt].Steps
	for n := len(steps) - 1; n >= 0; n-- {
		switch {
		case steps[n].Kind == "join":
			return false
		case steps[n].Kind == "fork" && d.p.Chains[steps[n].Chain].Name == "forked":
			s.Chain = steps[n].Chain
			return true
		}
	}
	s.Kind = "fork"
	return drawFork(d, s)
}

func drawCancel(d *drawing, s *Step) bool {
	s.Chain = d.Choose(maxChains, "of the chain that many further")
	return true
}

func startWriteFull(c *chainRun, s *Step, h ops.Handler) { ops.WriteFull(c.end.conn, c.outgoing(), h) }
func startWrite(c *chainRun, s *Step, h ops.Handler)     { c.end.conn.Write(c.outgoing(), h) }
func startReadFull(c *chainRun, s *Step, h ops.Handler)  { ops.ReadFull(c.end.conn, c.incoming(), h) }
func startRead(c *chainRun, s *Step, h ops.Handler)      { c.end.conn.Read(c.incoming(), h) }
func cancelConn(c *chainRun, _ *Step) func()             { return c.end.conn.Cancel }

// checkFull judges a transfer of all that was asked for, which chain.moved has
// taken account of.
func checkFull(c *chainRun, s *Step, n int, err error) string {
	if err != nil || c.left != 0 {
		return fmt.Sprintf("must be %d, nil", n+c.left)
	}
	return ""
}

func checkSome(c *chainRun, s *Step, n int, err error) string {
	if err != nil || n == 0 && c.left > 0 {
		return fmt.Sprintf("must be up to %d, nil", n+c.left)
	}
	return ""
}

func startConnect(c *chainRun, s *Step, h ops.Handler) {
	l := c.run.links[s.Link]
	c.end = l.ends[0]
	c.run.proactor.Connect(c.run.open(c.end), l.Network, l.address, h)
}

func startAccept(c *chainRun, s *Step, h ops.Handler) {
	l := c.run.links[s.Link]
	c.end = l.ends[1]
	l.listener.Accept(c.run.open(c.end), h)
}

func checkAccept(c *chainRun, s *Step, n int, err error) string {
	c.run.links[s.Link].listener.Close()
	return plain(c, s, n, err)
}

func cancelListener(c *chainRun, s *Step) func() { return c.run.links[s.Link].listener.Cancel }

// startEnd reads what must be the end of the stream.
func startEnd(c *chainRun, _ *Step, h ops.Handler) { c.end.conn.Read(c.buffer(1), h) }

func checkEnd(_ *chainRun, _ *Step, n int, err error) string {
	if n != 0 || !errors.Is(err, io.EOF) {
		return "must be 0, io.EOF"
	}
	return ""
}
