package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	scoreSample = flag.Int("mutate.sample", 0, "how many mutants of each package TestScore tries; 0 for none")
	scoreSeed   = flag.Uint64("mutate.seed", 0, "where the random numbers of TestScore start; 0 for anywhere")
)

// scored are the packages that TestScore looks at, and how their mutants are tried.
var scored = []struct {
	name  string
	args  []string
	score float64 // percent
}{
	{"combinators", []string{"-ignore", `^allocator\.(Reissue|Retire)\(`}, 90}, // of the race detector
	{"ops", []string{"-ignore", `^reach\.`}, 90},
	{"platform", []string{
		"-ignore", `^reach\.`,
		"-skip", `^platform/(sockopt|native|native_linux|devicewaits_linux|offsets_unix)\.go`, // of the system
		"-tests", "github.com/heirloom-go/heirloom/platform=. -modes=portable/single -test.skip=NoAllocations|Restart|ConnectToItself|FewDescriptors," +
			"github.com/heirloom-go/heirloom/platform", // one mode is much quicker than all, and finds most
	}, 90},
}

// A sample of the mutants is noticed by the tests of their packages. It takes minutes,
// and is another one each time.
func TestScore(t *testing.T) {
	if *scoreSample == 0 {
		t.Skip("-mutate.sample says how many mutants to try")
	}
	seed := *scoreSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	for _, p := range scored {
		t.Run(p.name, func(t *testing.T) {
			status, out, problem := program(t, slices.Concat(p.args, []string{
				"-sample", fmt.Sprint(*scoreSample), "-seed", fmt.Sprint(seed), "-score", fmt.Sprint(p.score),
				"-file", "equivalent.txt", "github.com/heirloom-go/heirloom/" + p.name,
			})...)
			t.Logf("-mutate.seed %d:\n%s", seed, strings.Join(out, "\n"))
			if status != 0 {
				t.Errorf("status is %d, want a score of %v %%; errors are %q", status, p.score, problem)
			}
		})
	}
}
