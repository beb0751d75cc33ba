package platform_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
)

// TestFileNoDescriptorLeak opens files, leaves some to the proactor to close,
// and counts the descriptors and goroutines that are left.
func TestFileNoDescriptorLeak(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			m.open(t).Close() // whatever the runtime opens for itself is open now
			name := filepath.Join(t.TempDir(), "file")
			check := keepsDescriptors(t)
			for range 20 {
				w := m.open(t)
				for i := range 10 {
					f, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
					if err != nil {
						t.Fatal(err)
					}
					f.WriteAt(make([]byte, 10), 0, &result{})
					f.ReadAt(make([]byte, 10), 0, &result{})
					if i%2 == 0 {
						if err := f.Close(); err != nil {
							t.Error(err)
						}
					}
				}
				if _, err := w.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
					t.Error("a terminal was opened as a file")
				} else if !errors.Is(err, syscall.ESPIPE) {
					t.Logf("there is no terminal here: %v", err)
				}
				w.within("Close", func() { w.Close() })
				if _, err := w.OpenFile(name, os.O_RDWR, 0); err == nil {
					t.Error("a file was opened on a closed proactor")
				}
			}
			check("the files were closed")
			noneLeft(t)
		})
	}
}

// TestManyFiles keeps more operations on files outstanding than the ring
// has room for.
func TestManyFiles(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		name := filepath.Join(t.TempDir(), "file")
		files := make([]*platform.File, 300)
		wrote := make([]result, len(files))
		for i := range files {
			files[i] = w.file(name, os.O_RDWR|os.O_CREATE)
			files[i].WriteAt([]byte{byte(i)}, int64(i), &wrote[i])
		}
		w.run()
		for i := range wrote {
			wrote[i].want(t, 1, nil)
		}
		content, err := os.ReadFile(name)
		if err != nil || len(content) != len(files) {
			t.Fatalf("%d bytes are in the file: %v", len(content), err)
		}
		for i, b := range content {
			if b != byte(i) {
				t.Fatalf("byte %d is %d", i, b)
			}
		}
	})
}
