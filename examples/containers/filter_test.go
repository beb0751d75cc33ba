//go:build linux

package main

import (
	"fmt"
	"slices"

	filter "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// install makes a profile the filter of system calls of this process, for good. It
// does what a container runtime does, for the processor that we are on: a call that
// the processor does not have is left out, and of the rules for a call the one that
// allows it wins.
func install(p *specs.LinuxSeccomp) error {
	native, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	if p.DefaultErrnoRet == nil {
		return fmt.Errorf("the profile does not say with which error it refuses")
	}
	if p.DefaultAction != specs.ActErrno {
		return fmt.Errorf("the profile's default is %s", p.DefaultAction)
	}
	allow := filter.SyscallGroup{Action: filter.ActionAllow}
	var groups []filter.SyscallGroup
	for _, rule := range p.Syscalls {
		names := slices.DeleteFunc(slices.Clone(rule.Names), func(name string) bool {
			_, has := native.SyscallNames[name]
			return !has || slices.Contains(allow.Names, name)
		})
		switch {
		case rule.Action == specs.ActErrno && rule.ErrnoRet != nil && len(rule.Args) == 0:
			groups = append(groups, filter.SyscallGroup{
				Names: names, Action: filter.ActionErrno | filter.Action(*rule.ErrnoRet),
			})
		case rule.Action != specs.ActAllow:
			return fmt.Errorf("a rule of %v has the action %s", rule.Names, rule.Action)
		case len(rule.Args) == 0:
			allow.Names = append(allow.Names, names...)
		default:
			conditions, err := conditionsOf(rule.Args)
			if err != nil {
				return fmt.Errorf("a rule of %v: %w", rule.Names, err)
			}
			for _, name := range names {
				allow.NamesWithCondtions = append(allow.NamesWithCondtions, filter.NameWithConditions{Name: name, Conditions: conditions})
			}
		}
	}
	return filter.LoadFilter(filter.Filter{
		NoNewPrivs: true,
		Flag:       filter.FilterFlagTSync,
		Policy: filter.Policy{
			DefaultAction: filter.ActionErrno, // which is EPERM
			Syscalls:      append([]filter.SyscallGroup{allow}, groups...),
		},
	})
}

func conditionsOf(args []specs.LinuxSeccompArg) (conditions filter.ArgumentConditions, err error) {
	for _, a := range args {
		c := filter.Condition{Argument: uint32(a.Index), Value: a.Value}
		switch {
		case a.Op == specs.OpEqualTo:
			c.Operation = filter.Equal
		case a.Op == specs.OpLessThan:
			c.Operation = filter.LessThan
		case a.Op == specs.OpMaskedEqual && a.ValueTwo == 0:
			c.Operation = filter.BitsNotSet
		default:
			return nil, fmt.Errorf("a condition %s", a.Op)
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}
