package chains

import (
	"fmt"
	"maps"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
)

// leaked are goroutines that wait for what nobody can reach any more, by where they
// wait, and how many there are.
type leaked map[string]int

// leakedGoroutines returns those that there are now, or none where the toolchain cannot
// tell: it can from Go 1.27 on, and in Go 1.26 with GOEXPERIMENT=goroutineleakprofile.
func leakedGoroutines() leaked {
	profile := pprof.Lookup("goroutineleak")
	if profile == nil {
		return nil
	}
	var text strings.Builder
	if err := profile.WriteTo(&text, 1); err != nil {
		return nil
	}
	return leakedIn(text.String())
}

// leakedIn reads a profile in its legible form: a heading, and for each place a count and
// the addresses of the calls, followed by a line for each of them.
func leakedIn(profile string) leaked {
	all := make(leaked)
	_, places, _ := strings.Cut(profile, "\n")
	for place := range strings.SplitSeq(places, "\n\n") {
		count, stack, found := strings.Cut(strings.TrimSpace(place), " @ ")
		if n, err := strconv.Atoi(count); found && err == nil {
			all[stack] += n
		}
	}
	return all
}

// since returns the goroutines that were not there before, in words, or nothing.
func (l leaked) since(before leaked) string {
	var b strings.Builder
	for _, place := range slices.Sorted(maps.Keys(l)) {
		if n := l[place] - before[place]; n > 0 {
			_, calls, _ := strings.Cut(place, "\n")
			fmt.Fprintf(&b, "%d leaked, in\n%s\n", n, calls)
		}
	}
	return b.String()
}
