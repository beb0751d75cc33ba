package chains

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"
)

var soakFor = flag.Duration("chains.for", 0, "for how long to run random programs on the simulated platform")

// Soak runs random programs on the simulated platform, one after another, for the time d
// or until one of them fails. It begins with a random seed, or that of the flag
// -rapid.seed, which it logs, and counts up from there. A failure prints the seed of the
// run, and names a picture of it as [Platform] does.
//
// At its end it fails if a goroutine was leaked meanwhile, in the test or elsewhere in
// the process: that is, if one waits for something that nobody can reach any more. That
// needs a toolchain with the profile "goroutineleak": Go 1.27, or Go 1.26 with
// GOEXPERIMENT=goroutineleakprofile.
//
// On a terminal it shows its progress: the time, programs, steps, and steps per second. A
// step is an operation of a chain.
func Soak(t testing.TB, d time.Duration, options ...Option) {
	t.Helper()
	c := configOf("Soak", options)
	var failed *Report
	defer keepPicture(t, &failed)
	before := leakedGoroutines()
	begun := time.Now()
	first := firstSeed()
	progress := progress{shown: isTerminal(os.Stderr)}
	programs, steps, reach := 0, 0, newCoverage()
	for time.Since(begun) < d {
		seed := first + uint64(programs)
		s := simulate(reach.counted(Seed(seed)), options)
		programs++
		steps += s.operations()
		if s.err != nil || len(s.violations) > 0 {
			progress.end()
			t.Logf("chains.Simulated(t, chains.Replaying(chains.Seed(%d))) repeats this", seed)
			if c.runners >= 0 {
				t.Logf("with chains.Runners(%d)", c.runners)
			}
			if s.err != nil {
				t.Fatalf("%v", s.err)
			}
			shrink(s.report(), s.chooser.answers(s.drawn), true, simulateIn(c)).report.fail(t, &failed, nil)
		}
		s.discard()
		progress.show(begun, programs, steps)
	}
	progress.end()
	t.Logf("%s, from seed %d; %v", summary(begun, programs, steps), first, reach)
	if leaked := leakedGoroutines().since(before); leaked != "" {
		t.Errorf("goroutines were leaked:\n%s", leaked)
	}
}

// summary says how far a soak is.
func summary(begun time.Time, programs, steps int) string {
	passed := time.Since(begun)
	return fmt.Sprintf("%v: %d programs, %d steps, %.0f steps/s",
		passed.Round(time.Second), programs, steps, float64(steps)/passed.Seconds())
}

// A progress is a line on a terminal.
type progress struct {
	shown bool
	last  time.Time
}

func (p *progress) show(begun time.Time, programs, steps int) {
	if now := time.Now(); p.shown && now.Sub(p.last) > time.Second/4 {
		p.last = now
		fmt.Fprintf(os.Stderr, "\r%s\x1b[K", summary(begun, programs, steps))
	}
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(os.Stderr)
	}
}

// isTerminal reports whether f is a device for characters, as terminals are.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
