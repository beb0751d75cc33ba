package rediscover

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform/sim"
)

var (
	first = flag.Uint64("seed", 1, "the seed of the first program")
	hunts = flag.Int("hunts", 1, "how many times a bug is looked for, for an average")
)

// seeds is a variable of the environment that makes a process run programs: the seed of the
// first, and how many there are.
const seeds = "REDISCOVER_SEEDS"

// patience is how long a program may take that has not ended, and in which no goroutine can
// be seen to be stuck. A program takes some milliseconds.
const patience = time.Minute

// A Case is where a bug is looked for.
type Case struct {
	// Weather is what the network is like.
	Weather sim.Weather

	// Programs is the number of programs, each with a seed of its own, in which the old
	// version is expected to violate the property, and the mended one is not.
	Programs int

	// Shows is a regular expression for what the violation looks like. It tells the bug
	// that was looked for from any other.
	Shows string
}

// Hunt runs the property in one world after another until it is violated, which it must be
// with the old version of a library and must not with the mended one. Which they are is
// said by the module files old.mod and fixed.mod in the directory of the test; the module's
// own go.mod has versions of which the directories can all be vetted together. Hunt is all
// that a test consists of.
func Hunt(t *testing.T, c Case, property func(w *World)) {
	if s := os.Getenv(seeds); s != "" {
		var from uint64
		var n int
		if _, err := fmt.Sscan(s, &from, &n); err != nil {
			t.Fatal(err)
		}
		for seed := from; seed < from+uint64(n); seed++ {
			fmt.Println(seedLine + strconv.FormatUint(seed, 10))
			run(t, c.Weather, seed, property)
		}
		return
	}
	shows := regexp.MustCompile(c.Shows)
	t.Run("old", func(t *testing.T) {
		program, total := build(t, "old.mod"), 0
		for i := range *hunts {
			from := *first + uint64(i*c.Programs)
			r := hunt(t, program, from, c.Programs)
			if !r.violated {
				t.Fatalf("not found in %d programs from seed %d on", c.Programs, from)
			}
			if !shows.MatchString(r.output) {
				t.Fatalf("seed %d shows something else:\n%s", r.seed, r.output)
			}
			if i == 0 {
				t.Logf("found with seed %d, which is program %d:\n%s", r.seed, r.programs, shown(r.output, shows))
			}
			total += r.programs
		}
		if *hunts > 1 {
			t.Logf("found %d times, in %.1f programs on average", *hunts, float64(total)/float64(*hunts))
		}
	})
	t.Run("fixed", func(t *testing.T) {
		if r := hunt(t, build(t, "fixed.mod"), *first, c.Programs); r.violated {
			t.Errorf("seed %d, which is program %d:\n%s", r.seed, r.programs, r.output)
		}
	})
}

// build returns this test, built with a module file.
func build(t *testing.T, modfile string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	out, err := exec.Command("go", "test", "-c", "-modfile="+modfile, "-o", program, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// A result is what has become of n programs.
type result struct {
	violated bool
	seed     uint64 // of the last
	programs int    // that have been run
	output   string // of the last
}

const seedLine = "seed "

// hunt runs n programs in a process, or fewer if one of them violates the property.
func hunt(t *testing.T, program string, from uint64, n int) (r result) {
	t.Helper()
	test := "^" + strings.Split(t.Name(), "/")[0] + "$"
	c := exec.Command(program, "-test.run="+test, "-test.timeout=0")
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d", seeds, from, n))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	impatient := time.AfterFunc(patience, func() { c.Process.Kill() })
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if s, ok := strings.CutPrefix(lines.Text(), seedLine); ok {
			impatient.Reset(patience)
			output.Reset()
			r.seed, err = strconv.ParseUint(s, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			r.programs++
			continue
		}
		fmt.Fprintln(&output, lines.Text())
	}
	err = c.Wait()
	if !impatient.Stop() {
		fmt.Fprintf(&output, "the program has not ended for %v\n", patience)
	}
	if err == nil && r.programs != n {
		t.Fatalf("the process has run %d programs of %d:\n%s", r.programs, n, &output)
	}
	r.violated, r.output = err != nil, output.String()
	return r
}

// why is the line of an output that says what has happened.
var why = regexp.MustCompile(`(?m)^(violated|panic): .*$`)

// shown returns of an output what has happened, and the goroutine that shows what was looked
// for, if there is one.
func shown(output string, shows *regexp.Regexp) string {
	for _, p := range strings.Split(output, "\n\n")[1:] {
		if shows.MatchString(p) {
			return why.FindString(output) + "\n\n" + p
		}
	}
	return why.FindString(output)
}
