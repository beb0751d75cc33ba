package chains

import (
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/testflag"
)

// TestFailure says what a failure of Platform prints: the clause, the timeline,
// the program, and a token that replays it.
func TestFailure(t *testing.T) {
	temporaryIn(t, scratch(t))
	late := Wrapping(releaseLate(func(error) bool { return true }))
	for seed := 1; seed <= 8; seed++ {
		testflag.Set(t, "rapid.seed", strconv.Itoa(seed))
		testFailure(t, late)
	}
}

func testFailure(t *testing.T, late Option) {
	out := failing(t, func(tb testing.TB) { Platform(tb, platform.New, Runners(1), late) })
	for _, want := range []string{contract.ReleasedFirst.String(), "Look at", "block allocated", "▲", "program: 1 runner(s)", "chain 0 "} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	token := lastToken(t, out)
	chooser, err := Replay(token)
	if err != nil {
		t.Fatal(err)
	}
	again := failing(t, func(tb testing.TB) { Platform(tb, platform.New, Runners(1), late, Replaying(chooser)) })
	if !strings.Contains(again, contract.ReleasedFirst.String()) {
		t.Errorf("the replayed program fails with\n%s", again)
	}
	if p := draw(chooser, 1); len(p.Chains) != 1 || p.steps() != 1 {
		t.Errorf("the program has not shrunk:\n%s", again)
	}
}

// lastToken returns the token that a failure prints at the end, of what has
// shrunk the most.
func lastToken(t *testing.T, out string) string {
	t.Helper()
	tokens := regexp.MustCompile(`chains\.Replay\("([^"]*)"\)`).FindAllStringSubmatch(out, -1)
	if len(tokens) == 0 {
		t.Fatalf("there is no token in\n%s", out)
	}
	return tokens[len(tokens)-1][1]
}

// failingSeed returns the first seed whose program fails.
func failingSeed(t *testing.T, run func(seed uint64) []contract.Violation) Chooser {
	t.Helper()
	for seed := range uint64(checks) {
		if len(run(seed)) > 0 {
			return Seed(seed)
		}
	}
	t.Fatalf("none of %d programs fails", checks)
	return nil
}

// failsHere returns the first program that fails on this platform.
func failsHere(t *testing.T, runners int, options ...Option) Chooser {
	t.Helper()
	return failingSeed(t, func(seed uint64) []contract.Violation {
		report, err := Run(draw(Seed(seed), runners), platform.New, options...)
		if err != nil {
			t.Fatal(err)
		}
		return report.Violations
	})
}

// failing returns what a test that must fail prints.
func failing(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	r := &transcript{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	if !r.failed {
		t.Fatalf("the test has not failed:\n%s", r.out.String())
	}
	return r.out.String()
}

// A transcript is a test that only writes down what it is told.
type transcript struct {
	testing.TB
	out    strings.Builder
	failed bool
}

func (r *transcript) Helper()                      {}
func (r *transcript) Failed() bool                 { return r.failed }
func (r *transcript) Log(args ...any)              { fmt.Fprintln(&r.out, args...) }
func (r *transcript) Logf(f string, args ...any)   { fmt.Fprintf(&r.out, f+"\n", args...) }
func (r *transcript) Error(args ...any)            { r.Log(args...); r.Fail() }
func (r *transcript) Errorf(f string, args ...any) { r.Logf(f, args...); r.Fail() }
func (r *transcript) Fail()                        { r.failed = true }
func (r *transcript) FailNow()                     { r.Fail(); runtime.Goexit() }
func (r *transcript) Fatal(args ...any)            { r.Log(args...); r.FailNow() }
func (r *transcript) Fatalf(f string, args ...any) { r.Logf(f, args...); r.FailNow() }
