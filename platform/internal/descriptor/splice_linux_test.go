//go:build !bsdcalls

package descriptor

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform/backend"
)

// TestPipesAreFew lends all pipes that there are, gets back some that are empty and some
// that are not, and has none left when it was shut down.
func TestPipesAreFew(t *testing.T) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	var p Pipes
	var all [maxLent + 1]ops.Operation
	for round := range 2 {
		for i := range all {
			if _, err := unix.Write(pair[0], []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
			taken, err := p.Take(int32(pair[1]), &all[i])
			if err != nil || taken != (i < maxLent) {
				t.Fatalf("round %d: taken %d times: %v, %v", round, i, taken, err)
			}
		}
		if n, err := unix.Read(pair[1], make([]byte, 2)); n != 1 || err != nil {
			t.Fatalf("%d bytes are left where none was taken: %v", n, err)
		}
		if taken, err := p.Take(int32(pair[1]), new(ops.Operation)); taken || err != nil {
			t.Errorf("taken of nothing: %v, %v", taken, err)
		}
		for i := range all[:maxLent] {
			op := &all[i]
			at, left := backend.Spliced(op)
			if x := (*pipe)(at); left != 1 || x.read < 0 {
				t.Fatalf("%d bytes were taken", left)
			}
			if i%2 == round && !Put(int32(pair[1]), op) {
				t.Fatalf("byte %d was not written", i)
			}
			if i == 10 && round == 1 {
				p.Shutdown()
			}
			p.End(op)
			all[i] = ops.Operation{}
		}
		if p.lent != 0 || p.kept > maxKept || round == 0 && p.kept == 0 {
			t.Errorf("%d pipes are lent, %d kept", p.lent, p.kept)
		}
		if n, err := unix.Read(pair[0], make([]byte, 100)); n != maxLent/2 {
			t.Errorf("%d bytes were written: %v", n, err)
		}
	}
	if p.kept != 0 || p.idle != nil {
		t.Errorf("%d pipes are kept after the end", p.kept)
	}
}
