package platform

import (
	"os"
	"syscall"
	"testing"
)

// TestDeviceWaits asks of which devices a read may wait.
func TestDeviceWaits(t *testing.T) {
	for name, want := range map[string]bool{
		"/dev/null": false, "/dev/zero": false, "/dev/urandom": false, "/dev/random": false, "/dev/ptmx": true,
	} {
		f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOCTTY, 0)
		if err != nil {
			t.Log(err) // a container may have no such device
			continue
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if got := deviceWaits(int(f.Fd()), uint64(info.Sys().(*syscall.Stat_t).Rdev)); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
		f.Close()
	}
}
