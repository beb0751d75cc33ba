// Package examples holds what people read first.
package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A readmeModule is a module that uses this one, without the network, for the Go code of
// the README.
type readmeModule struct {
	dir    string
	blocks []string // of Go, one for each of the three uses
}

func newREADMEModule(t *testing.T) *readmeModule {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	m := &readmeModule{t.TempDir(), goBlocks(read("README.md"))}
	if len(m.blocks) != 3 {
		t.Fatalf("README.md has %d blocks of Go, want one for each of the three uses", len(m.blocks))
	}
	// The same requirements, so that the same versions are at hand.
	const module = "github.com/heirloom-go/heirloom"
	mod := strings.Replace(read("go.mod"), "module "+module, "module readme", 1)
	m.write(t, "go.mod", mod+"\nrequire "+module+" v0.0.0\n\nreplace "+module+" => "+strconv.Quote(filepath.ToSlash(root))+"\n")
	m.write(t, "go.sum", read("go.sum"))
	return m
}

func (m *readmeModule) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestREADME builds and vets the Go code of the README, and runs what ends by itself.
func TestREADME(t *testing.T) {
	m := newREADMEModule(t)
	for i, block := range m.blocks {
		name := "use.go"
		if strings.Contains(block, "*testing.T") {
			name = "use_test.go"
		}
		m.write(t, filepath.Join("use"+strconv.Itoa(i+1), name), block)
	}
	goTool(t, m.dir, "vet", "./...")
	goTool(t, m.dir, "test", "./use3", "-rapid.checks=10")
	want := "ThreadSafe(Recycling(Stats(Heap[uint8]), 1048576))\nallocated on the heap: 1\n"
	if got := goTool(t, m.dir, "run", "./use1"); got != want {
		t.Errorf("the first program prints\n%s\nwant\n%s", got, want)
	}
}

func goTool(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
	return string(out)
}

// goBlocks returns the blocks of Go in a text in Markdown.
func goBlocks(text string) (blocks []string) {
	for {
		_, rest, ok := strings.Cut(text, "\n```go\n")
		if !ok {
			return blocks
		}
		block, rest, _ := strings.Cut(rest, "\n```\n")
		blocks = append(blocks, block+"\n")
		text = rest
	}
}
