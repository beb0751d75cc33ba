package chains

import (
	"slices"
)

// Draw draws a program. The same choices draw the same program.
func Draw(c Chooser) Program { return draw(c, -1) }

// A drawing is a program that is being drawn.
type drawing struct {
	Chooser
	p     *Program
	sizes []int // of messages

	chainAt int // that a step is drawn for

	elsewhere bool // there is another proactor
	swarm     swarm
	may       [receives + 1][]*kind // by role: what the swarm has
}

// The choices are bounded so that a program takes some milliseconds, and their
// first alternatives make the simplest one.
const (
	maxChains   = 9
	maxSessions = 2 // of two chains, one after the other
	maxMessages = 4 // in a session
)

var (
	runners = []int{1, 0, 2, 3, 4}
	sizes   = []int{1, 0, 5, 64, 4096, 300_000} // the last one fills the buffers of a socket
	pauses  = []int{0, 50, 500, -1}

	disposals = []Disposal{Kept, Cleared, Recycled, Scribbled, CopiedOver, Elsewhere, Kept, Recycled}
)

// draw draws a program; runs fixes the number of runners if it is not negative.
func draw(c Chooser, runs int) Program { return drawSized(c, runs, sizes) }

// drawSized draws a program with messages of the given sizes.
func drawSized(c Chooser, runs int, sizes []int) Program {
	if p, ok := programOf(c); ok {
		return p
	}
	record := &recording{Chooser: c}
	d := &drawing{Chooser: record, p: &Program{Runners: runs}, sizes: sizes}
	if runs < 0 {
		d.p.Runners = pick(d, "runners", runners)
	}
	d.swarm = drawSwarm(d, "swarm")
	if d.one("default allocator fails", 6) {
		d.p.RefuseAt = 1 + d.Choose(20, "at request")
	}
	d.elsewhere = d.one("another proactor", 4)
	pairs := d.Choose(3, "pairs of chains that talk")
	free := d.Choose(3, "chains on their own")
	for range pairs {
		d.pair()
	}
	if pairs == 0 {
		free = max(free, 1)
	}
	for range free {
		d.alone("alone")
	}
	if d.one("close the proactor", 4) {
		c := d.Choose(len(d.p.Chains), "in chain")
		d.insert(c, 0, len(d.p.Chains[c].Steps), Step{Kind: "stop"})
	}
	d.aim()
	d.p.token = record.token()
	return *d.p
}

// one decides whether something that is done once in n times is done.
func (d *drawing) one(what string, n int) bool {
	return !d.swarm.without(what) && d.Choose(n, what) == n-1
}

// kind draws a kind of step. The simplest is always among those that may be drawn.
func (d *drawing) kind(r role) *kind {
	may := d.may[r]
	if may == nil {
		all := kindsOf(r)
		for i, k := range all {
			if i == 0 || !d.swarm.without(k.name) {
				may = append(may, k)
			}
		}
		d.may[r] = may
	}
	return pick(d, "step that "+roleNames[r], may)
}

func pick[T any](c Chooser, what string, from []T) T { return from[c.Choose(len(from), what)] }

// disposal draws what becomes of the memory of a session.
func (d *drawing) disposal() Disposal {
	how := pick(d, "afterwards", disposals)
	if how == Elsewhere && !d.elsewhere {
		return Cleared
	}
	return how
}

// chain adds a chain without steps and returns its number.
func (d *drawing) chain(name string, forked bool) int {
	a := Association{Style: Style(d.Choose(3, "association"))}
	a.Slot = d.one("one block", 2)
	a.Inner = d.one("another allocator inside", 4)
	a.Bytes = d.one("allocator of bytes", 4)
	a.Wrappers = d.Choose(5, "wrappers")
	p := Chain{Name: name, Forked: forked, Memory: a, Cancels: d.one("cancel slot", 2)}
	p.Strand = d.one("on the strand", 3)
	p.Disposal, p.Apart = d.disposal(), d.one("by another goroutine", 4)
	d.p.Chains = append(d.p.Chains, p)
	return len(d.p.Chains) - 1
}

// add adds a step to a chain, and sometimes one before it that concerns nobody
// else.
func (d *drawing) add(chain int, s Step) {
	if d.one("local step", 4) {
		d.local(chain)
	}
	d.append(chain, s)
}

func (d *drawing) append(chain int, s Step) {
	if k := kindOf(s.Kind); k.start != nil {
		if d.one("allocator fails", 10) {
			s.Refuse = 1 + d.Choose(2, "once more")
		}
		if d.one("cancel at once", 6) {
			s.Cancel = CancelSlot
		}
		if k.cancel != nil && d.one("cancel all at once", 10) {
			s.Cancel = CancelAll
		}
		if k.late() && d.one("deadline", 10) {
			s.Cancel = CancelLate
			if k.dated() {
				s.Cancel = pick(d, "of what", []Cancel{CancelLate, CancelMoved, CancelPassed})
			}
		}
		if s.Pause < 0 && !s.comesToAnEnd() {
			s.Cancel = CancelSlot
		}
		if s.Cancel == CancelSlot {
			d.p.Chains[chain].Cancels = true
		}
	}
	d.p.Chains[chain].Steps = append(d.p.Chains[chain].Steps, s)
}

// local adds a step that concerns no other chain.
func (d *drawing) local(chain int) {
	k := d.kind(local)
	s := Step{Kind: k.name}
	d.chainAt = chain
	if k.draw != nil && !k.draw(d, &s) {
		return
	}
	d.append(chain, s)
}

// alone adds a chain that talks to nobody.
func (d *drawing) alone(name string) int {
	c := d.chain(name, name == "forked")
	for range 1 + d.Choose(4, "steps") {
		d.local(c)
	}
	return c
}

// pair adds two chains that talk.
func (d *drawing) pair() {
	a, b := d.chain("client", false), d.chain("server", false)
	for n := range 1 + d.Choose(maxSessions, "more sessions") {
		d.session(a, b, n > 0)
	}
}

// session lets two chains open a connection, talk and close it. Both know the
// order in which messages go back and forth, so neither waits in vain.
func (d *drawing) session(a, b int, again bool) {
	link := len(d.p.Links)
	l := Link{Network: pick(d, "network", []string{"tcp", "unix"})}
	l.Duplex = d.one("full duplex", 4)
	if again && !d.p.Links[link-1].Duplex && !slices.Contains(d.p.Links[link-1].Disposal[:], Recycled) {
		l.Reuse = d.one("same Conn", 2)
	}
	l.Disposal, l.Apart = [2]Disposal{d.disposal(), d.disposal()}, d.one("by another goroutine", 4)
	d.p.Links = append(d.p.Links, l)
	how := "connect"
	if d.one("dial", 3) {
		how = "dial"
	}
	d.add(a, Step{Kind: how, Link: link})
	d.add(b, Step{Kind: "accept", Link: link})

	// Who writes at either end: with full duplex, a chain that is forked.
	fromA, fromB := a, b
	if l.Duplex {
		fromA, fromB = d.fork(a, "client's writer"), d.fork(b, "server's writer")
	}
	begin := []int{len(d.p.Chains[a].Steps), len(d.p.Chains[b].Steps)}
	for range d.Choose(maxMessages+1, "messages") {
		if d.Choose(2, "direction") == 0 {
			d.message(fromA, b, link)
		} else {
			d.message(fromB, a, link)
		}
	}
	for _, c := range []int{fromA, fromB} {
		d.add(c, Step{Kind: "shut", Link: link})
		if l.Duplex {
			d.append(c, Step{Kind: "close", Link: link})
		}
	}
	for _, c := range []int{a, b} {
		d.add(c, Step{Kind: "end", Link: link})
		d.append(c, Step{Kind: "close", Link: link})
	}
	if d.one("abort the connection", 6) {
		at := d.Choose(2, "at")
		c := []int{a, b}[at]
		d.insert(c, begin[at], len(d.p.Chains[c].Steps)-1, Step{Kind: "abort", Link: link})
	}
}

// fork adds a chain that is forked by another one, at the same end of the link.
func (d *drawing) fork(by int, name string) int {
	c := d.chain(name, true)
	d.append(by, Step{Kind: "fork", Chain: c})
	return c
}

// message adds the steps that send a message and those that receive it. They
// need not cut it into the same pieces.
func (d *drawing) message(from, to, link int) {
	size := pick(d, "bytes", d.sizes)
	d.pieces(from, sends, link, size)
	d.pieces(to, receives, link, size)
}

func (d *drawing) pieces(chain int, r role, link, size int) {
	for n := d.Choose(3, "more pieces"); ; n-- {
		part := size
		if n > 0 {
			part = pick(d, "piece", []int{size / 2, 0, min(size, 1)})
		}
		d.add(chain, Step{Kind: d.kind(r).name, Link: link, Size: part})
		if size -= part; n == 0 {
			return
		}
	}
}

// insert puts a step into a chain, before one of the steps from begin to end.
func (d *drawing) insert(chain, begin, end int, s Step) {
	c := &d.p.Chains[chain]
	at := begin + d.Choose(end-begin+1, "before step")
	c.Steps = slices.Insert(c.Steps, at, s)
}

// aim sets, in the steps that cancel another chain or send to one, which chain
// that is, and in those that panic, whether they end their goroutine instead.
func (d *drawing) aim() {
	for i := range d.p.Chains {
		for n := range d.p.Chains[i].Steps {
			switch s := &d.p.Chains[i].Steps[n]; s.Kind {
			case "cancel":
				s.Chain = (i + s.Chain) % len(d.p.Chains)
				d.p.Chains[s.Chain].Cancels = true
			case "send to":
				s.Chain = (i + s.Chain) % len(d.p.Chains)
			case "panic":
				s.Exit = d.one("Goexit instead", 2)
			}
		}
	}
}
