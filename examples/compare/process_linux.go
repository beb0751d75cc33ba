package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// supported says why nothing can be measured on this system.
func supported() error { return nil }

// start starts a process. The processors and the policy are those of the thread that starts it,
// so that the process has them from its first instruction, and a Go program counts no more
// processors than it may use.
func (w placement) start(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("processors: %w", err)
	}
	defer unix.SchedSetaffinity(0, &before)
	var wanted unix.CPUSet
	for _, cpu := range w.cpus {
		wanted.Set(cpu)
	}
	if err := unix.SchedSetaffinity(0, &wanted); err != nil {
		return fmt.Errorf("processors %v: %w", w.cpus, err)
	}
	if w.batch {
		if err := setPolicy(unix.SCHED_BATCH); err != nil {
			return fmt.Errorf("SCHED_BATCH: %w", err)
		}
		defer setPolicy(unix.SCHED_NORMAL)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Start()
}

// setPolicy sets the scheduling policy of the thread, and keeps its nice value.
func setPolicy(policy uint32) error {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return err
	}
	attr.Policy = policy
	return unix.SchedSetAttr(0, attr, 0)
}

// allowedCPUs returns the processors that this process may use.
func allowedCPUs() (cpus []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, err
	}
	for cpu := 0; len(cpus) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

func askForStats(p *os.Process, before preparation) error {
	signals := map[preparation]os.Signal{asIs: syscall.SIGUSR2, collected: syscall.SIGHUP, released: syscall.SIGUSR1}
	return p.Signal(signals[before])
}

// descriptorLimit returns how many descriptors a process may have. The hard limit is raised as
// far as the system lets us, and the children inherit it.
func descriptorLimit() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	const wanted = 1 << 20
	if raised := (unix.Rlimit{Cur: wanted, Max: wanted}); limit.Max < wanted && unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) == nil {
		return wanted, nil
	}
	return int(min(limit.Max, wanted)), unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit.Max, Max: limit.Max})
}
