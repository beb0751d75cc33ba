package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The tests of the package in testdata notice what makes a difference and is
// tested, and nothing else.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a package and runs its tests some times")
	}
	*arguments, *parallel = "-test.failfast", 1
	var out strings.Builder
	if err := run(context.Background(), &out, io.Discard, []string{"./testdata/clamp"}); err != nil {
		t.Fatal(err)
	}
	want := `clamp.go:7:7: < to <=
clamp.go:10:7: > to >=
clamp.go:20:37: + to -
3 of 6 mutants noticed: 50.0 %
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// Bad input gets a clear error.
func TestRunFails(t *testing.T) {
	if err := run(context.Background(), io.Discard, io.Discard, []string{"./testdata/nothing"}); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("error is %v, want one that names the package", err)
	}
}
