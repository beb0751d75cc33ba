//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/heirloom-go/heirloom/platform"
)

// underProfile is the environment variable that makes the test binary the program,
// under the profile in the file that it names.
const underProfile = "HEIRLOOM_TEST_PROFILE"

func TestMain(m *testing.M) {
	file := os.Getenv(underProfile)
	if file == "" {
		os.Exit(m.Run())
	}
	text, err := os.ReadFile(file)
	if err == nil {
		var p specs.LinuxSeccomp
		if err = json.Unmarshal(text, &p); err == nil {
			err = install(&p)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(run(nil, os.Stdout, os.Stderr))
}

// TestProfile checks that the profile is that of Moby, and the three calls.
func TestProfile(t *testing.T) {
	file, err := os.ReadFile("seccomp.json")
	if err != nil {
		t.Fatal(err)
	}
	var out, stderr bytes.Buffer
	if status := run([]string{"-profile", "docker"}, &out, &stderr); status != 0 {
		t.Fatalf("exit status %d\n%s", status, &stderr)
	}
	if !bytes.Equal(file, out.Bytes()) {
		t.Error("seccomp.json is another than: go run . -profile docker")
	}

	var standard bytes.Buffer
	if err := write(&standard, seccomp.DefaultProfile()); err != nil {
		t.Fatal(err)
	}
	before, after, found := strings.Cut(out.String(), `,
		{
			"names": [
				"io_uring_enter",
				"io_uring_register",
				"io_uring_setup"
			],
			"action": "SCMP_ACT_ALLOW",
			"comment": "what the default profile lacks, for programs that use heirloom"
		}`)
	if !found || before+after != standard.String() {
		t.Error("more than the rule was added to the default profile")
	}
	if strings.Contains(standard.String(), "io_uring") {
		t.Error("the default profile has rules for io_uring: it may not need ours any more")
	}
}

// A profileCase is a profile, and what is used under it.
type profileCase struct {
	name     string
	profile  []byte // as container runtimes take it
	backend  string
	fallback string // part of the reason
}

func profileCases(t *testing.T) []profileCase {
	t.Helper()
	t.Setenv("HEIRLOOM_BACKEND", "")
	p, err := platform.New()
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if p.Backend() != "io_uring" {
		t.Skipf("no io_uring here, whatever the profile: %v", p.Fallback())
	}
	var standard, resolved, ours, stderr bytes.Buffer
	if err := write(&standard, seccomp.DefaultProfile()); err != nil {
		t.Fatal(err)
	}
	if err := writeResolved(&resolved, standard.String()); err != nil {
		t.Fatal(err)
	}
	if status := run([]string{"-profile", "oci"}, &ours, &stderr); status != 0 {
		t.Fatalf("exit status %d\n%s", status, &stderr)
	}
	return []profileCase{
		{"default", resolved.Bytes(), "epoll", "io_uring_setup: operation not permitted"},
		{"ours", ours.Bytes(), "io_uring", ""},
	}
}

// check compares what the program printed.
func (c *profileCase) check(t *testing.T, out string) {
	t.Helper()
	backend, fallback, _ := strings.Cut(out, "\n")
	if backend != c.backend {
		t.Errorf("uses %s, want %s; it printed:\n%s", backend, c.backend, out)
	}
	if c.fallback == "" && fallback != "" || !strings.Contains(fallback, c.fallback) {
		t.Errorf("the reason is %q, want %q", fallback, c.fallback)
	}
}

// TestUnderProfile runs the program under the default profile and under ours, as a
// filter of system calls that it installs itself.
func TestUnderProfile(t *testing.T) {
	for _, c := range profileCases(t) {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "profile.json")
			if err := os.WriteFile(file, c.profile, 0o666); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), underProfile+"="+file)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			c.check(t, string(out))
		})
	}
}
