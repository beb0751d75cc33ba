package platform_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// TestFileClosedMeanwhile closes files when a write has ended, while others are about to
// begin, and reads: each operation ends once, and Close returns.
func TestFileClosedMeanwhile(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 300
	}
	each(t, func(t *testing.T, w *world) {
		name := filepath.Join(t.TempDir(), "file")
		big := make([]byte, 64<<10)
		for range rounds {
			f, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			var some [5]result
			f.WriteAt(big, 0, ops.HandlerFunc(func(n int, err error) {
				some[0].Complete(n, err)
				f.Close()
			}))
			f.WriteAt(big, 0, &some[1])
			for i := 2; i < len(some); i++ {
				f.ReadAt(make([]byte, 1000), 0, &some[i])
			}
			w.run()
			for i := range some {
				if some[i].calls != 1 {
					t.Fatalf("operation %d was told %d times", i, some[i].calls)
				}
			}
		}
	})
}
