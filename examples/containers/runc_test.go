//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// TestContainer runs the program in containers of runc, which is what Docker and
// containerd use, with nothing else in their file system, as the Dockerfile has it.
func TestContainer(t *testing.T) {
	runc, err := exec.LookPath("runc")
	if err != nil {
		t.Skip("there is no runc here: ", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("containers are for root")
	}
	cases := profileCases(t)
	bundle := t.TempDir()
	program := filepath.Join(bundle, "rootfs", "backend")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	container := func(t *testing.T, name string, profile *specs.LinuxSeccomp) (stdout, stderr string, err error) {
		config, err := json.Marshal(containerOf(profile))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o666); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(runc, "--root", filepath.Join(bundle, "state"), "run", fmt.Sprintf("heirloom-%d-%s", os.Getpid(), name))
		cmd.Dir = bundle
		var out, problem strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &problem
		err = cmd.Run()
		return out.String(), problem.String(), err
	}
	if _, stderr, err := container(t, "unconfined", nil); err != nil {
		t.Skipf("no containers here, whatever the profile: %v\n%s", err, stderr)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			profile := new(specs.LinuxSeccomp)
			if err := json.Unmarshal(c.profile, profile); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, err := container(t, c.name, profile)
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr)
			}
			c.check(t, stdout)
		})
	}
}

// containerOf returns a container of the program with a profile.
func containerOf(profile *specs.LinuxSeccomp) *specs.Spec {
	return &specs.Spec{
		Version: "1.0.2",
		Root:    &specs.Root{Path: "rootfs", Readonly: true},
		Process: &specs.Process{
			Args: []string{"/backend"}, Cwd: "/", User: specs.User{UID: 65532, GID: 65532}, NoNewPrivileges: true,
		},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "mode=755", "size=65536k"}},
		},
		Linux: &specs.Linux{
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.MountNamespace}, {Type: specs.IPCNamespace},
				{Type: specs.UTSNamespace}, {Type: specs.NetworkNamespace},
			},
			Seccomp: profile,
		},
	}
}
