package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	scoreSample = flag.Int("mutate.sample", 0, "how many mutants of each package TestScore tries; 0 for none")
	scoreSeed   = flag.Uint64("mutate.seed", 0, "where the random numbers of TestScore start; 0 for anywhere")
)

// score is the part of all mutants of a package that its tests notice at least, in percent.
const score = 95

// scored are the packages that TestScore looks at, and how their mutants are tried.
var scored = []struct {
	name string
	args []string
}{
	{"combinators", []string{"-ignore", `^allocator\.(Reissue|Retire)\(`}}, // which are of the race detector
	{"ops", []string{"-ignore", `^reach\.`}},
	{"platform", []string{
		"-ignore", `^reach\.`,
		"-skip", `^platform/\w+_(linux|unix)\.go`, // of the system
		"-tests", "github.com/heirloom-go/heirloom/platform=. -modes=portable/single -test.skip=NoAllocations|Restart|ConnectToItself|FewDescriptors," +
			"github.com/heirloom-go/heirloom/platform", // one mode is much quicker than all, and finds most
	}},
}

// A sample of the mutants is noticed by the tests of their packages. It takes minutes,
// and is another one each time. A small one may be worse than all are, by chance: by two
// standard deviations here.
func TestScore(t *testing.T) {
	if *scoreSample == 0 {
		t.Skip("-mutate.sample says how many mutants to try")
	}
	seed := *scoreSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	deviation := math.Sqrt(score * (100 - score) / float64(*scoreSample))
	bar := fmt.Sprintf("%.1f", score-2*deviation)
	for _, p := range scored {
		t.Run(p.name, func(t *testing.T) {
			status, out, problem := program(t, slices.Concat(p.args, []string{
				"-sample", fmt.Sprint(*scoreSample), "-seed", fmt.Sprint(seed), "-score", bar,
				"-file", "equivalent.txt", "github.com/heirloom-go/heirloom/" + p.name,
			})...)
			t.Logf("-mutate.seed %d:\n%s", seed, strings.Join(out, "\n"))
			if status != 0 {
				t.Errorf("status is %d, want a score of %s %%; errors are %q", status, bar, problem)
			}
		})
	}
}
