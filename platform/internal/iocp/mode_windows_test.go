package iocp

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/windows"

	"github.com/heirloom-go/heirloom/platform/internal/record"
)

// TestFileMode opens again a file that is written through, and one that is not: each stays
// what it was.
func TestFileMode(t *testing.T) {
	b, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Shutdown()
	name := filepath.Join(os.TempDir(), "heirloom-mode")
	defer os.Remove(name)
	for flag, want := range map[int]uint32{
		0: 0, os.O_SYNC: writeThrough, windows.FILE_FLAG_SEQUENTIAL_SCAN: sequential, windows.FILE_FLAG_NO_BUFFERING: unbuffered,
	} {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|flag, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		s := b.NewSocket()
		s.Class = record.File
		if err := b.TakeFile(s, f); err != nil {
			t.Fatal(err)
		}
		before, err := query(windows.Handle(f.Fd()), modeInformation)
		if err != nil {
			t.Fatal(err)
		}
		after, err := query(s.Sys.(*socket).handle, modeInformation)
		if err != nil {
			t.Fatal(err)
		}
		const all = writeThrough | sequential | unbuffered
		if before&all != want || after&all != want {
			t.Errorf("flag %#x: the mode of the file is %#x, and %#x of what is opened again, want %#x", flag, before, after, want)
		}
		if err := b.CloseSocket(s); err != nil {
			t.Error(err)
		}
		b.FreeSocket(s)
	}
}
