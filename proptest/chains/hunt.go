package chains

import (
	"flag"
	"strconv"
	"testing"
	"time"
)

// Programs are drawn by seeds, one after the other. What fails is made smaller here, as
// rapid would know what was drawn and not what a program is. The flags of rapid still say
// how many programs there are, and at which seed they begin.

// programs returns how many programs a test runs.
func programs() int {
	n := int(flagNumber("rapid.checks", 100))
	if testing.Short() {
		n /= 5
	}
	return max(1, n)
}

// firstSeed returns the seed of the first program.
func firstSeed() uint64 {
	if seed := flagNumber("rapid.seed", 0); seed != 0 {
		return seed
	}
	return uint64(time.Now().UnixNano()) >> 10
}

func flagNumber(name string, otherwise uint64) uint64 {
	f := flag.Lookup(name)
	if f == nil {
		return otherwise
	}
	n, err := strconv.ParseUint(f.Value.String(), 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

// hunt runs programs that try draws by a seed, until one fails. Then it makes that
// smaller, leaves in failed what is left, and fails the test. The function run tries a
// smaller program, and hint, if there is one, says what else is known of it.
func hunt(t testing.TB, failed **Report, try func(seed uint64) (*Report, []uint64, error), simulated bool, run trial, hint func(*Report) string) {
	t.Helper()
	first, n := firstSeed(), programs()
	for i := range n {
		seed := first + uint64(i)
		report, world, err := try(seed)
		if err != nil {
			t.Fatalf("program %d, -rapid.seed=%d: %v", i, seed, err)
		}
		if len(report.Violations) == 0 {
			continue
		}
		t.Logf("failed after %d programs; -rapid.seed=%d begins with this one, of %d steps", i, seed, report.Program.steps())
		small := shrink(report, world, simulated, run)
		small.report.fail(t, failed, hint)
	}
}

// fail fails the test with the report, which it leaves in failed.
func (r *Report) fail(t testing.TB, failed **Report, hint func(*Report) string) {
	t.Helper()
	*failed = r
	if r.about != "" {
		t.Logf("%s\n%s", r.about, r)
	} else {
		t.Logf("%s", r)
	}
	if hint != nil {
		t.Logf("%s", hint(r))
	}
	t.Fatalf("%s", r.Violations[0].Kind())
}
