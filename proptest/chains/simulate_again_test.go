package chains

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// TestSimulatedAgain says that a failure on a real platform tells how to repeat
// it on the simulated one, and that this does repeat it.
func TestSimulatedAgain(t *testing.T) {
	temporaryIn(t, scratch(t))
	late := Wrapping(releaseLate(func(error) bool { return true }))
	out := failing(t, func(tb testing.TB) { Platform(tb, platform.New, Runners(0), late, Replaying(failsHere(t, 0, late))) })
	found := regexp.MustCompile(`the simulated platform shows the same: RunSimulated\(program, chains\.Seed\((\d+)\)\) with Runners (\d+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("nothing is said of the simulated platform in\n%s", out)
	}
	by, err := Replay(lastToken(t, out))
	if err != nil {
		t.Fatal(err)
	}
	program := draw(by, 0)
	seed, _ := strconv.ParseUint(found[1], 10, 64)
	program.Runners, _ = strconv.Atoi(found[2])
	report, err := RunSimulated(program, Seed(seed), late)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Violations) == 0 || report.Violations[0].Clause != contract.ReleasedFirst {
		t.Errorf("the simulated run shows something else:\n%s", report)
	}
}

// TestSimulatedInVain says that a fault which only the real platform has is not
// laid to the program.
func TestSimulatedInVain(t *testing.T) {
	temporaryIn(t, scratch(t))
	out := failing(t, func(tb testing.TB) { Platform(tb, openMoving, Runners(1), Patience(time.Second), Replaying(Seed(0))) })
	if !regexp.MustCompile(`\d+ runs on the simulated platform do not show it`).MatchString(out) {
		t.Errorf("it is not said that the simulated platform does not show it in\n%s", out)
	}
}
