package chains

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// An Opener makes a proactor, as platform.New does. It passes on the options
// that it is given and may add others. Programs wait for signals that they send to the
// process itself, so a backend that is a backend.Signaler has to pass on those.
type Opener = func(options ...platform.Option) (*platform.Proactor, error)

// Platform draws arbitrary programs of chains with rapid, runs them on
// proactors that open makes, and judges each by the contract. A failure is
// shrunk, and prints what was broken, the timeline of the run, the program, and
// the token that replays it ([Replaying]). It names a file with a picture of the
// run, which is in the artifacts of the test if go test keeps those (-artifacts),
// and among the temporary files otherwise.
//
// The number of programs is rapid's, 100 unless the flag -rapid.checks says
// otherwise.
func Platform(t testing.TB, open Opener, options ...Option) {
	t.Helper()
	c := configOf("Platform", options)
	var failed *Report // the last one, which is the one that has shrunk the most
	defer keepPicture(t, &failed)
	if c.replay != nil {
		check(t, draw(c.replay, c.runners), open, c, &failed)
		return
	}
	programs := rapid.Custom(func(t *rapid.T) Program { return draw(Drawn(t), c.runners) })
	rapid.Check(t, func(t *rapid.T) {
		t.Helper()
		check(t, programs.Draw(t, "program"), open, c, &failed)
	})
}

func check(t rapid.TB, p Program, open Opener, c config, failed **Report) {
	t.Helper()
	report, err := runOn(open, p, c)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(report.Violations) > 0 {
		*failed = report
		t.Logf("%s", report)
		t.Logf("%s", simulated(p, c, report.Violations[0]))
		t.Fatalf("%s", report.Violations[0].Kind())
	}
}

// A Report tells how the run of a program went.
type Report struct {
	Program    Program
	Violations []contract.Violation // in the order in which they happened
	Timeline   *contract.Timeline
	Took       time.Duration // on a simulated platform, in its time
}

// violationsPrinted bounds what a report says in words. What is wrong with a
// platform is most often wrong with all its operations.
const violationsPrinted = 5

// String returns the violations, the timeline and the program.
func (r *Report) String() string {
	var b strings.Builder
	for i, v := range r.Violations {
		if i == violationsPrinted {
			fmt.Fprintf(&b, "… and %d more\n", len(r.Violations)-i)
			break
		}
		fmt.Fprintln(&b, v.Error())
	}
	fmt.Fprintf(&b, "\n%s\n%s", r.Timeline, r.Program)
	return b.String()
}
