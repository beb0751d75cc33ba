//go:build linux

package main

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// allowed is the rule that the default profile lacks.
var allowed = seccomp.Syscall{
	LinuxSyscall: specs.LinuxSyscall{
		Names:  []string{"io_uring_enter", "io_uring_register", "io_uring_setup"},
		Action: specs.ActAllow,
	},
	Comment: "what the default profile lacks, for programs that use heirloom",
}

// capabilities are those that Docker and containerd give a container.
var capabilities = []string{
	"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
	"CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}

// profile returns the default profile with the rule.
func profile() *seccomp.Seccomp {
	p := seccomp.DefaultProfile()
	p.Syscalls = append(p.Syscalls, &allowed)
	return p
}

// writeDocker writes the profile as Docker and Podman take it.
func writeDocker(w io.Writer) error { return write(w, profile()) }

// writeOCI writes the profile as container runtimes take it.
func writeOCI(w io.Writer) error {
	var docker strings.Builder
	if err := writeDocker(&docker); err != nil {
		return err
	}
	return writeResolved(w, docker.String())
}

// writeResolved writes a profile of Docker's form after deciding what depends on the
// system and on capabilities.
func writeResolved(w io.Writer, docker string) error {
	p, err := seccomp.LoadProfile(docker, &specs.Spec{
		Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: capabilities}},
	})
	if err != nil {
		return err
	}
	return write(w, p)
}

// write writes a profile as Moby does its own, so that the two can be compared.
func write(w io.Writer, profile any) error {
	b, err := json.MarshalIndent(profile, "", "\t")
	if err != nil {
		return err
	}
	_, err = w.Write(append(b, '\n'))
	return err
}
