package descriptor

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/backend"
)

// BenchmarkConfigure measures what the default options of a connection cost.
func BenchmarkConfigure(b *testing.B) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(fd)
	o := new(backend.SocketOptions)
	b.ReportAllocs()
	for b.Loop() {
		if err := Configure(uintptr(fd), true, o); err != nil {
			b.Fatal(err)
		}
	}
}
