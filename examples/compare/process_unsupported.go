//go:build !linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// supported says why nothing can be measured on this system.
func supported() error {
	return fmt.Errorf("measuring needs Linux, for epoll and processor clocks, and this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func (placement) start(*exec.Cmd) error          { return supported() }
func allowedCPUs() ([]int, error)                { return nil, supported() }
func terminate(p *os.Process) error              { return p.Kill() }
func askForStats(*os.Process, preparation) error { return supported() }
func descriptorLimit() (int, error)              { return 0, supported() }
