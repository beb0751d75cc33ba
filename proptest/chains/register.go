package chains

import (
	"fmt"
	"slices"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A Kind is an operation of your own that programs may have among their steps. [Register]
// or [RegisterComposed] adds it. Exactly one of Local, Read and Write is set.
//
// Read and Write are for what works on the stream of a Conn, which the program opens and
// judges. What works on anything else, such as packets or a file, can only be Local: it
// opens what it needs itself, and has its handler called with 0 and nil, or with the error.
//
// The operation must do what the contract says of an operation that is started with the
// handler h. It may be cancelled in every way in which h can be: by its slot, by its
// timeout, by the deadline of the Conn, and with everything else that is outstanding on
// the Conn. Then h is called with the error that the Conn reports, and with the number of
// bytes that were transferred.
type Kind struct {
	// Name is what the operation is called in programs and in the timeline.
	Name string

	// Local starts an operation that concerns no other chain. Its handler is called
	// with 0 and nil.
	Local func(p *platform.Proactor, h ops.Handler)

	// Read starts an operation that reads what the peer has sent. buf has room for
	// as much as the step has to transfer, which may be nothing. The bytes and
	// their number are checked. If the operation ends early, what it has read by
	// then counts.
	Read func(conn *platform.Conn, buf []byte, h ops.Handler)

	// Write starts an operation that sends data to the peer, in the same way.
	Write func(conn *platform.Conn, data []byte, h ops.Handler)

	// Partial: the operation may end when it has transferred a part, of at least
	// one byte. It is started again for the rest.
	Partial bool

	// Own: the operation has memory of its own, and asks the allocators of h for
	// none.
	Own bool

	// Parts: the operation consists of several operations, one at a time, which are
	// started by handlers with memory of the allocator of h. h always has an
	// allocator associated then, because the ledger cannot tell for which chain a
	// handler calls the default one.
	Parts bool

	frame *frame // of what is registered by RegisterComposed
}

// Register adds your operation to those that programs are drawn from, on all platforms.
// Programs print it by its name, and those that are written by hand may use the name as
// the Kind of a [Step].
//
// Call it from an init function or TestMain, before any program is drawn or run. It
// panics, and says what is wrong, if the Kind makes no sense or its name is taken.
//
// [Explore] leaves out no order of a program with such a step, unless [Independent] is given.
//
// What a token or a seed stands for depends on the registered kinds. Both repeat a run
// only where the same kinds are registered, in the same order.
func Register(k Kind) { k.register("Register") }

// RegisterComposed is [Register] for an operation that [ops.Compose] makes with a state of
// type S. The operation may have a frame besides its block, from an allocator that is
// associated with h. It has Parts, whatever the Kind says.
func RegisterComposed[S any](k Kind) {
	k.frame = frameOf[S]()
	k.register("RegisterComposed")
}

// register adds the Kind for the function that is named.
func (k Kind) register(function string) {
	if wrong := k.wrong(); wrong != "" {
		panic("chains: " + function + ": " + wrong)
	}
	add(k.kind())
}

// hasRegistered reports whether the program has steps of a registered Kind.
func (p Program) hasRegistered() bool {
	registered := func(s Step) bool { return kindOf(s.Kind).registered }
	return slices.ContainsFunc(p.Chains, func(c Chain) bool { return slices.ContainsFunc(c.Steps, registered) })
}

// wrong returns what is wrong with a Kind.
func (k Kind) wrong() string {
	starts := 0
	for _, set := range []bool{k.Local != nil, k.Read != nil, k.Write != nil} {
		if set {
			starts++
		}
	}
	switch {
	case k.Name == "":
		return "a Kind has no Name"
	case kindOf(k.Name) != nil:
		return fmt.Sprintf("there is a Kind %q already", k.Name)
	case starts != 1:
		return fmt.Sprintf("of Local, Read and Write of the Kind %q %d are set, and must be one", k.Name, starts)
	case k.Local != nil && k.Partial:
		return fmt.Sprintf("the Kind %q is Local, and transfers no part of anything", k.Name)
	case k.Own && (k.Parts || k.frame != nil):
		return fmt.Sprintf("the Kind %q has memory of its Own, and memory of the handler's for its Parts or its frame", k.Name)
	}
	return ""
}

// kind returns the Kind as one of the table in steps.go.
func (k Kind) kind() *kind {
	made := &kind{name: k.Name, registered: true, own: k.Own, parts: k.Parts || k.frame != nil, frame: k.frame}
	switch {
	case k.Local != nil:
		made.role, made.once, made.check = local, true, plain
		made.start = func(c *chainRun, _ *Step, h ops.Handler) { k.Local(c.run.proactor, h) }
		return made
	case k.Read != nil:
		made.role, made.reads = receives, true
		made.start = func(c *chainRun, _ *Step, h ops.Handler) { k.Read(c.end.conn, c.incoming(), h) }
	default:
		made.role = sends
		made.start = func(c *chainRun, _ *Step, h ops.Handler) { k.Write(c.end.conn, c.outgoing(), h) }
	}
	made.transfers, made.text, made.check, made.cancel = true, sizeText, checkFull, cancelConn
	if k.Partial {
		made.check = checkSome
		made.settle = becomes(map[role]string{sends: "write full", receives: "read full"}[made.role])
	}
	return made
}
