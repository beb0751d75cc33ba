package chains

import "slices"

// What makes a program smaller. Every edit leaves a program that comes to its end by
// itself, as drawn ones do: what one chain does not send the other does not wait for. An
// edit returns false where there is nothing to change.

// An edit makes a program smaller.
type edit = func(p *Program) bool

// edits returns the edits of a program, those that leave out most first.
func (p Program) edits() []edit {
	return slices.Concat(p.cuts(), p.cutsOfSteps(), p.simplifications())
}

// cuts returns edits that leave out links, chains, or many steps.
func (p Program) cuts() []edit {
	var all []edit
	for _, s := range instead {
		all = append(all, func(p *Program) bool { return p.withoutLinks(s) })
	}
	for l := range p.Links {
		all = append(all, func(p *Program) bool { return p.withoutLink(l) })
	}
	for c := range p.Chains {
		all = append(all,
			func(p *Program) bool { return p.withoutChain(c) },
			func(p *Program) bool { return p.unforked(c) })
	}
	all = append(all, (*Program).closedAtOnce)
	for c := range p.Chains {
		all = append(all, func(p *Program) bool { return p.withoutLocal(c, 0, len(p.Chains[c].Steps)) })
	}
	for l := range p.Links {
		all = append(all, func(p *Program) bool { return p.withoutEnd(l) })
	}
	return all
}

// cutsOfSteps returns edits that leave out a step, or a part of what it transfers. The last
// steps of a chain come first, so that the others are still where they were.
func (p Program) cutsOfSteps() []edit {
	var all []edit
	for c := range p.Chains {
		for n := len(p.Chains[c].Steps) - 1; n >= 0; n-- {
			all = append(all,
				func(p *Program) bool { return p.withoutLocal(c, n, n+1) },
				func(p *Program) bool { return p.withoutPiece(c, n, 0) },
				func(p *Program) bool { return p.withoutNothing(c, n) },
				func(p *Program) bool { return p.withoutPiece(c, n, 1) })
		}
	}
	return all
}

// clone returns a copy that can be changed.
func (p Program) clone() Program {
	p.token = ""
	p.Links = slices.Clone(p.Links)
	p.Chains = slices.Clone(p.Chains)
	for i := range p.Chains {
		p.Chains[i].Steps = slices.Clone(p.Chains[i].Steps)
	}
	return p
}

// filter drops from all chains the steps that are not to be kept.
func (p *Program) filter(keep func(chain int, s Step) bool) {
	for c := range p.Chains {
		p.Chains[c].Steps = slices.DeleteFunc(p.Chains[c].Steps, func(s Step) bool { return !keep(c, s) })
	}
}

// instead are what chains may do instead of working on a link: what ends at once, what is
// outstanding for a while, and what the backend does.
var instead = []Step{{Kind: "post"}, {Kind: "wait", Pause: 500}, {Kind: "sync"}}

// withoutLinks leaves out all links. Each chain that works on them takes the given step once
// instead, and where an allocator fails for what is done on them, it fails for that step.
func (p *Program) withoutLinks(instead Step) bool {
	if len(p.Links) == 0 {
		return false
	}
	for c := range p.Chains {
		first := true
		for n, s := range p.Chains[c].Steps {
			if s.worksOnLink() && (first || s.Refuse > 0) {
				refuse := s.Refuse
				s = instead
				s.Refuse = refuse
				p.Chains[c].Steps[n] = s
				first = false
			}
		}
	}
	for len(p.Links) > 0 {
		p.withoutLink(len(p.Links) - 1)
	}
	return true
}

// withoutLink leaves out a link, and everything that is done on it.
func (p *Program) withoutLink(link int) bool {
	if link >= len(p.Links) {
		return false
	}
	if link+1 < len(p.Links) && p.Links[link+1].Reuse {
		p.Links[link+1].Reuse = false
	}
	p.filter(func(_ int, s Step) bool { return !s.onLink(link) })
	p.Links = slices.Delete(p.Links, link, link+1)
	for c := range p.Chains {
		for n := range p.Chains[c].Steps {
			if s := &p.Chains[c].Steps[n]; s.Link > link {
				s.Link--
			}
		}
	}
	return true
}

// withoutChain leaves out a chain that talks to nobody, with all that refers to it.
func (p *Program) withoutChain(chain int) bool {
	if chain >= len(p.Chains) || len(p.Chains) == 1 {
		return false
	}
	for l := range p.Links {
		if p.Chains[chain].uses(l) {
			return false
		}
	}
	for _, s := range p.Chains[chain].Steps {
		if s.Kind == "fork" {
			return false // that chain first
		}
	}
	p.filter(func(_ int, s Step) bool { return !s.refers() || s.Chain != chain })
	p.Chains = slices.Delete(p.Chains, chain, chain+1)
	for c := range p.Chains {
		for n := range p.Chains[c].Steps {
			if s := &p.Chains[c].Steps[n]; s.refers() && s.Chain > chain {
				s.Chain--
			}
		}
	}
	return true
}

// unforked has a chain that talks to nobody begin by itself.
func (p *Program) unforked(chain int) bool {
	if chain >= len(p.Chains) || !p.Chains[chain].Forked {
		return false
	}
	for l := range p.Links {
		if p.Chains[chain].uses(l) {
			return false
		}
	}
	p.filter(func(_ int, s Step) bool { return s.Kind != "fork" && s.Kind != "join" || s.Chain != chain })
	p.Chains[chain].Forked = false
	return true
}

// withoutLocal leaves out the steps of a chain that no other chain waits for.
func (p *Program) withoutLocal(chain, from, to int) bool {
	steps := p.Chains[chain].Steps
	to = min(to, len(steps))
	var kept []Step
	for n, s := range steps {
		placed := s.worksOnLink() && s.Kind != "abort"
		if n < from || n >= to || placed || s.Kind == "fork" {
			kept = append(kept, s)
		}
	}
	p.Chains[chain].Steps = kept
	return len(kept) < len(steps)
}

// closedAtOnce has the proactor closed when all chains have begun. So it closes what they have
// begun with, whatever is left of them.
func (p *Program) closedAtOnce() bool {
	for c, chain := range p.Chains {
		n := slices.IndexFunc(chain.Steps, func(s Step) bool { return s.Kind == "stop" })
		if n < 0 {
			continue
		}
		if c == len(p.Chains)-1 && len(chain.Steps) == 1 {
			return false
		}
		stop := chain.Steps[n]
		p.Chains[c].Steps = slices.Delete(chain.Steps, n, n+1)
		p.Chains = append(p.Chains, Chain{Name: "closing", Steps: []Step{stop}})
		return true
	}
	return false
}

// withoutEnd has both sides of a link close it without waiting for the end of the
// stream.
func (p *Program) withoutEnd(link int) bool {
	steps := 0
	p.filter(func(_ int, s Step) bool {
		ends := (s.Kind == "shut" || s.Kind == "end") && s.Link == link
		if ends {
			steps++
		}
		return !ends
	})
	return steps > 0
}

// withoutPiece cuts a step that sends down to the bytes that it is to keep, or leaves it out
// if there are none, and leaves out as many bytes of what is received.
func (p *Program) withoutPiece(chain, step, keep int) bool {
	steps := p.Chains[chain].Steps
	if step >= len(steps) || kindOf(steps[step].Kind).role != sends || keep > 0 && steps[step].Size <= keep {
		return false
	}
	s := steps[step]
	from := 0
	for _, before := range steps[:step] {
		if kindOf(before.Kind).role == sends && before.Link == s.Link {
			from += before.Size
		}
	}
	from, to := from+keep, from+s.Size
	if keep > 0 {
		steps[step].Size = keep
	} else if p.Chains[chain].Steps = slices.Delete(steps, step, step+1); s.Size == 0 {
		return true
	}
	receiver := p.receiver(chain, s.Link)
	if receiver < 0 {
		return false
	}
	at := 0
	var kept []Step
	for _, r := range p.Chains[receiver].Steps {
		if kindOf(r.Kind).role == receives && r.Link == s.Link && r.Size > 0 {
			begin, end := at, at+r.Size
			at = end
			if r.Size -= max(0, min(end, to)-max(begin, from)); r.Size == 0 {
				continue
			}
		}
		kept = append(kept, r)
	}
	p.Chains[receiver].Steps = kept
	return true
}

// withoutNothing leaves out a step that receives nothing.
func (p *Program) withoutNothing(chain, step int) bool {
	steps := p.Chains[chain].Steps
	if step >= len(steps) || kindOf(steps[step].Kind).role != receives || steps[step].Size > 0 {
		return false
	}
	p.Chains[chain].Steps = slices.Delete(steps, step, step+1)
	return true
}

// receiver returns the chain that receives what a chain sends on a link, or -1: the
// other one that has steps there which receive.
func (p *Program) receiver(sender, link int) int {
	side := p.side(sender, link)
	for c := range p.Chains {
		if c != sender && p.side(c, link) != side && slices.ContainsFunc(p.Chains[c].Steps, func(s Step) bool {
			return kindOf(s.Kind).role == receives && s.Link == link
		}) {
			return c
		}
	}
	return -1
}

// side returns which chain opens the end of a link at which a chain works: the chain itself,
// or the one that forks it.
func (p *Program) side(chain, link int) int {
	for c := range p.Chains {
		for _, s := range p.Chains[c].Steps {
			if s.Kind == "fork" && s.Chain == chain && p.Chains[chain].uses(link) {
				return c
			}
		}
	}
	return chain
}

// simplifications returns edits that leave out no step.
func (p Program) simplifications() []edit {
	var all []edit
	add := func(f edit) { all = append(all, f) }
	add(func(p *Program) bool { return set(&p.RefuseAt, 0) })
	add(func(p *Program) bool { return p.Runners > 1 && set(&p.Runners, 1) })
	for l := range p.Links {
		add(func(p *Program) bool { return set(&p.Links[l].Disposal, [2]Disposal{}) })
		add(func(p *Program) bool { return set(&p.Links[l].Apart, false) })
		add(func(p *Program) bool { return set(&p.Links[l].Reuse, false) })
		add(func(p *Program) bool { return set(&p.Links[l].Network, "tcp") })
	}
	for c := range p.Chains {
		add(func(p *Program) bool {
			c := &p.Chains[c]
			return anyOf(set(&c.Strand, false), set(&c.Disposal, Kept), set(&c.Apart, false), set(&c.Memory, Association{}))
		})
		add(func(p *Program) bool { return set(&p.Chains[c].Strand, false) })
		add(func(p *Program) bool { return anyOf(set(&p.Chains[c].Disposal, Kept), set(&p.Chains[c].Apart, false)) })
		add(func(p *Program) bool { return set(&p.Chains[c].Memory.Wrappers, 0) })
		add(func(p *Program) bool { return set(&p.Chains[c].Memory.Inner, false) })
		add(func(p *Program) bool { return set(&p.Chains[c].Memory.Bytes, false) })
		add(func(p *Program) bool { return set(&p.Chains[c].Memory.Slot, false) })
		add(func(p *Program) bool { return set(&p.Chains[c].Memory.Style, Bound) })
		add(func(p *Program) bool {
			for _, s := range p.Chains[c].Steps {
				if s.Cancel == CancelSlot {
					return false
				}
			}
			return set(&p.Chains[c].Cancels, false)
		})
		for n := range p.Chains[c].Steps {
			step := func(f func(s *Step) bool) {
				add(func(p *Program) bool { return n < len(p.Chains[c].Steps) && f(&p.Chains[c].Steps[n]) })
			}
			step(func(s *Step) bool { return set(&s.Refuse, 0) })
			step(func(s *Step) bool { return s.Pause >= 0 && set(&s.Cancel, CancelNothing) })
			step(func(s *Step) bool { return set(&s.Depth, 0) })
			step(func(s *Step) bool { return set(&s.Exit, false) })
			step(func(s *Step) bool { return s.plainer() })
		}
	}
	return all
}

// plainer makes the step one of the simplest kind of its role.
func (s *Step) plainer() bool {
	k := kindOf(s.Kind)
	to := ""
	switch {
	case k.role == sends:
		to = "write full"
	case k.role == receives:
		to = "read full"
	case s.Kind == "dial":
		to = "connect"
	case k.role == local && k.start != nil:
		if s.Kind == "post" {
			return false
		}
		*s = Step{Kind: "post", Refuse: s.Refuse}
		return true
	default:
		return false
	}
	return set(&s.Kind, to)
}

// set sets what may be something else, and reports whether it was.
func set[T comparable](at *T, to T) bool {
	before := *at
	*at = to
	return before != to
}

// anyOf reports whether something has changed.
func anyOf(each ...bool) bool { return slices.Contains(each, true) }
