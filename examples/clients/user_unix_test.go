//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// ordinary returns who is to run a program that the superuser may not: the user of this
// process, or else one who can do little. Of a folder, own makes that user the owner.
func ordinary() (as func(*exec.Cmd), own func(path string) error, err error) {
	if os.Getuid() != 0 {
		return func(*exec.Cmd) {}, func(string) error { return nil }, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return nil, nil, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return nil, nil, err
		}
		as := func(c *exec.Cmd) {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		}
		return as, func(path string) error { return os.Chown(path, uid, gid) }, nil
	}
	return nil, nil, fmt.Errorf("there is no user postgres or nobody")
}
