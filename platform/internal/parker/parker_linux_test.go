package parker_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/parker"
)

// Park says whether the goroutine has slept.
func TestSlept(t *testing.T) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[1])
	var k parker.Parker
	found := []bool{true} // by look
	looks := 0
	look := func() bool {
		looks++
		if looks < len(found) { // something comes before the next
			if _, err := unix.Write(ends[1], []byte("x")); err != nil {
				t.Error(err)
			}
		}
		return found[looks-1]
	}
	if err := k.Open(ends[0], "pipe", look); err != nil {
		t.Fatal(err)
	}
	defer k.Close()

	park := func(wait time.Duration) bool {
		looks = 0
		return k.Park(wait)
	}
	if park(-1) || looks != 1 {
		t.Errorf("it has slept, or looked %d times, although the first look has found something", looks)
	}
	k.Wake()
	if park(-1) {
		t.Error("it has slept although it was woken before")
	}
	found = []bool{false}
	if !park(time.Nanosecond) && looks > 0 {
		t.Error("it has not slept although there was nothing")
	}
	found = []bool{false, true}
	if !park(-1) || looks != 2 {
		t.Errorf("it has not slept, or looked %d times, although the first look has found nothing", looks)
	}
}
