package chains

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// An Opener makes a proactor, as platform.New does. It must pass on the options that it
// is given, and may add others. Programs wait for signals that they send to their own
// process, so a backend that is a backend.Signaler must deliver these.
type Opener = func(options ...platform.Option) (*platform.Proactor, error)

// Platform draws random programs of chains, runs them on proactors that open makes, and
// judges each run by the contract. It makes a program that fails smaller for up to two
// seconds, and prints what was broken, the timeline of the run, the program, and the
// token that replays it ([Replaying]). It names a file with a picture of the run: an
// artifact of the test if go test keeps artifacts (-artifacts), and a temporary file
// otherwise.
//
// It runs 100 programs unless the flag -rapid.checks gives another number. Their seeds
// begin at random unless -rapid.seed says where. Half of the programs leave out a random
// half of what may happen, so that the rest happens more often. Programs are drawn by
// questions with several answers, and Platform logs how many of the possible answers were
// given.
func Platform(t testing.TB, open Opener, options ...Option) {
	t.Helper()
	c := configOf("Platform", options)
	var failed *Report
	defer keepPicture(t, &failed)
	again := func(r *Report) string { return simulated(r.Program, c, r.Violations[0]) }
	if c.replay != nil {
		report, err := runOn(open, draw(c.replay, c.runners), c)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if len(report.Violations) > 0 {
			report.fail(t, &failed, again)
		}
		return
	}
	reach := newCoverage()
	defer reach.log(t)
	hunt(t, &failed, func(seed uint64) (*Report, []uint64, error) {
		report, err := runOn(open, draw(reach.counted(Seed(seed)), c.runners), c)
		return report, nil, err
	}, false, func(p Program, _ []uint64) (*Report, error) { return runOn(open, p, c) }, again)
}

// A Report says how the run of a program went.
type Report struct {
	Program    Program              // what ran
	Violations []contract.Violation // in the order in which they happened
	Timeline   *contract.Timeline   // the lives of its operations
	Took       time.Duration        // on a simulated platform, in virtual time

	about string // where it went so, and what else there is to know
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
