package chains

import (
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// TestSoakLeaks says that a soak fails if a goroutine was leaked in it, and not for one that was
// leaked before.
func TestSoakLeaks(t *testing.T) {
	if pprof.Lookup("goroutineleak") == nil {
		t.Skip("this toolchain has no profile of leaked goroutines: GOEXPERIMENT=goroutineleakprofile")
	}
	var once sync.Once
	leaking := Wrapping(func(h ops.Handler) ops.Handler {
		once.Do(func() { go waitForNobody() })
		return h
	})
	const long = 50 * time.Millisecond
	out := failing(t, func(tb testing.TB) { Soak(tb, long, Runners(1), leaking) })
	for _, want := range []string{"1 leaked, in", "waitForNobody", "leaks_test.go", "from seed"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	Soak(t, long, leaking)
}

func waitForNobody() { <-make(chan int) }

// TestLeaked says how the profile is read, on any toolchain.
func TestLeaked(t *testing.T) {
	before := leakedIn(`goroutineleak profile: total 3
2 @ 0x47e2 0x4a11
#	0x47e1	main.f+0x20	/f.go:7

1 @ 0x5555
#	0x5554	main.g+0x1	/g.go:1
`)
	after := leakedIn(`goroutineleak profile: total 6
3 @ 0x47e2 0x4a11
#	0x47e1	main.f+0x20	/f.go:7

1 @ 0x5555
#	0x5554	main.g+0x1	/g.go:1

2 @ 0x6666 0x6667
# labels: {"a":"b"}
#	0x6665	main.h+0x1	/h.go:3
#	0x6666	main.main+0x1	/h.go:9
`)
	const want = `1 leaked, in
#	0x47e1	main.f+0x20	/f.go:7
2 leaked, in
# labels: {"a":"b"}
#	0x6665	main.h+0x1	/h.go:3
#	0x6666	main.main+0x1	/h.go:9
`
	if got := after.since(before); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := before.since(before) + before.since(after) + leakedIn("goroutineleak profile: total 0\n").since(nil); got != "" {
		t.Errorf("got\n%s\nwant nothing", got)
	}
}
