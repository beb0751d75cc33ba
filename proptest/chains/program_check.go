package chains

import (
	"fmt"
	"slices"

	"github.com/heirloom-go/heirloom/ops"
)

// check returns what is wrong with a program that was written by hand. A program
// that passes can be run, but may still wait for itself: drawn ones never do.
func (p Program) check() error {
	for i, l := range p.Links {
		switch {
		case l.Network != "tcp" && l.Network != "unix":
			return fmt.Errorf("chains: link %d: unknown network %q", i, l.Network)
		case !l.Disposal[0].known() || !l.Disposal[1].known():
			return fmt.Errorf("chains: link %d: unknown disposal", i)
		case l.Reuse && i == 0:
			return fmt.Errorf("chains: link %d: there is none before whose Conns it could use", i)
		case l.Reuse && slices.Contains(p.Links[i-1].Disposal[:], Recycled):
			return fmt.Errorf("chains: link %d: the Conns of the one before are recycled", i)
		}
	}
	if p.Runners < 0 {
		return fmt.Errorf("chains: %d runners", p.Runners)
	}
	for i, c := range p.Chains {
		if c.Memory.Style < Bound || c.Memory.Style > Standard {
			return fmt.Errorf("chains: chain %d %s: there is no such Style", i, c.Name)
		}
		if !c.Disposal.known() {
			return fmt.Errorf("chains: chain %d %s: unknown disposal", i, c.Name)
		}
		for n, s := range c.Steps {
			if wrong := p.wrong(c, s); wrong != "" {
				return fmt.Errorf("chains: chain %d %s, step %d: %s", i, c.Name, n, wrong)
			}
		}
	}
	return nil
}

// wrong returns what is wrong with a step of a chain.
func (p Program) wrong(c Chain, s Step) string {
	k := kindOf(s.Kind)
	switch {
	case k == nil:
		return fmt.Sprintf("unknown kind %q", s.Kind)
	case s.worksOnLink() && (s.Link < 0 || s.Link >= len(p.Links)):
		return fmt.Sprintf("there is no link %d", s.Link)
	case s.refers() && (s.Chain < 0 || s.Chain >= len(p.Chains)):
		return fmt.Sprintf("there is no chain %d", s.Chain)
	case (s.Kind == "fork" || s.Kind == "join") && !p.Chains[s.Chain].Forked:
		return fmt.Sprintf("chain %d begins by itself", s.Chain)
	case s.Size < 0 || s.Size > maxTransfer:
		return fmt.Sprintf("the size must be from 0 to %d", maxTransfer)
	case s.Depth < 0 || s.Depth > maxDepth:
		return fmt.Sprintf("the depth must be from 0 to %d", maxDepth)
	case s.Exit && s.Kind != "panic":
		return fmt.Sprintf("a %s does not end its goroutine", s.Kind)
	case s.Cancel < CancelNothing || s.Cancel > CancelPassed:
		return "there is no such Cancel"
	case s.Until > ops.UntilError:
		return "there is no such Until"
	case s.Cancel == CancelSlot && !c.Cancels:
		return "the chain has no cancel slot"
	case s.Cancel == CancelAll && k.cancel == nil:
		return fmt.Sprintf("there is nothing to cancel all of a %s", s.Kind)
	case s.Cancel == CancelLate && !k.late():
		return fmt.Sprintf("a %s cannot be late, or has a deadline of its own", s.Kind)
	case s.Cancel >= CancelMoved && !k.dated():
		return fmt.Sprintf("a %s has no deadline that is moved", s.Kind)
	case s.Pause < 0 && !s.comesToAnEnd():
		return "an hour is too long, unless it is cancelled"
	}
	return ""
}
