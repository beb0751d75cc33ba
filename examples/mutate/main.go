// Mutate measures how much the tests of packages detect. It changes the code in one
// small place after another, and counts for how many of these mutants a test
// fails. Usage:
//
//	go run ./examples/mutate [flags] PACKAGE...
//
// A mutant is one of these changes, in a file that is not a test and is built on this
// system:
//
//   - a comparison at its bound (< and <=, > and >=) or to its opposite (== and !=)
//   - + and -, * to +, += and -=, ++ and --, && and ||
//   - 0 and 1, true and false
//   - a condition to its opposite
//   - a returned error to nil
//   - a statement left out: an assignment, a call, a send, go, defer
//   - a branch left out: the body of an if, an else, a case
//   - break and continue
//
// Changes that only change a message are not mutants: those in methods String, GoString
// and Error, and in arguments of panic. Neither are changes of types, and of calls that do
// nothing where the tests run (see -ignore). Changes that do not compile are left out and
// counted.
//
// The tests are built with an overlay, so nothing is copied and nothing is written to
// the packages. One build contains all mutants, and an environment variable chooses one:
// each function checks at its start which mutant runs. Only a mutant that is not inside a
// function needs a build of its own.
//
// The tests beside the file run first, with the few that noticed its last mutants. Then
// come the tests of -tests in the order given, so that a quick selection can come before
// all of a package. The first failure ends the run, and tests that take too long are
// killed. How long that is depends on the load of the machine: the limit is measured again,
// and the tests run once more, before a mutant counts as one that hangs.
//
// A mutant that no test notices is printed with its place. Either the tests lack something,
// or the change makes no difference, as when < becomes <= where both sides are never
// equal. Mutants of the second kind are listed in a file, each with the reason (see -file):
//
//	allocator/size.go: Class.next: c < last => c <= last
//		last is no class, so c is never equal to it
//
// An entry names file, function and change, in the form in which a survivor is printed but
// without the line number, which depends on the code above. If two changes of a function
// read the same, the second one ends with (2), and so on. An entry that no mutant
// fits any more, or whose mutant a test notices, is an error.
//
// The score is killed / (killed + survived). Mutants that ran out of time count as
// neither: something noticed them, but no test said so.
//
// A sample of the mutants of this module is tried by
//
//	go test ./examples/mutate -run TestScore -mutate.sample 40 -timeout 0
//
// The exit status is 1 if the score is too low, an entry is wrong or something
// failed, and 2 for invalid flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
)

// The exit statuses.
const (
	exitFailed = 1
	exitUsage  = 2
)

// A config is what the flags say.
type config struct {
	packages   []string
	tests      string
	run        string
	args       string
	only, skip *regexp.Regexp
	ignore     *regexp.Regexp
	sample     int
	seed       uint64
	parallel   int
	timeout    float64
	equivalent string
	score      float64
	verbose    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the program and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return exitUsage
	}
	good, err := measure(ctx, c, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
	}
	if err != nil || !good {
		return exitFailed
	}
	return 0
}

// parse reads the flags, and prints what is wrong with them.
func parse(args []string, stderr io.Writer) (c config, err error) {
	f := flag.NewFlagSet("mutate", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "Usage: mutate [flags] PACKAGE...\n\nChange the packages in small places and see whether a test fails.\n\nFlags:")
		f.PrintDefaults()
	}
	expression := func(name, usage string) **regexp.Regexp {
		var to *regexp.Regexp
		f.Func(name, usage, func(s string) (err error) {
			to, err = regexp.Compile(s)
			return err
		})
		return &to
	}
	f.StringVar(&c.tests, "tests", "", "`packages` whose tests run, with commas between them, in this order; PACKAGE=REGEXP runs some of its tests, and PACKAGE=REGEXP ARGUMENTS with more arguments (default: the mutated package)")
	f.StringVar(&c.run, "run", "", "run only tests that match this `regexp`")
	f.StringVar(&c.args, "args", "-test.short -test.failfast", "`arguments` of the tests")
	only := expression("only", "try only mutants that are printed as a line that matches this `regexp`")
	skip := expression("skip", "try no mutants that are printed as a line that matches this `regexp`")
	ignore := expression("ignore", "change nothing in calls that match this `regexp` and are statements")
	f.IntVar(&c.sample, "sample", 0, "try at most `n` mutants, drawn at random; 0 for all")
	f.Uint64Var(&c.seed, "seed", 1, "where the random numbers start")
	f.IntVar(&c.parallel, "parallel", runtime.GOMAXPROCS(0), "mutants that are tried at once")
	f.Float64Var(&c.timeout, "timeout", 5, "kill tests that take this many `times` as long as they do without a mutant and a second")
	f.StringVar(&c.equivalent, "file", "", "`file` that lists the mutants that make no difference")
	f.Float64Var(&c.score, "score", 0, "fail below this score, in `percent`")
	f.BoolVar(&c.verbose, "v", false, "print each mutant, and which test noticed it")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	c.only, c.skip, c.ignore, c.packages = *only, *skip, *ignore, f.Args()
	switch {
	case len(c.packages) == 0:
		err = errors.New("which packages? ./... are all of a module")
	case c.sample < 0 || c.parallel < 1 || c.timeout <= 0:
		err = errors.New("-parallel and -timeout must be positive, and -sample not negative")
	case c.score < 0 || c.score > 100:
		err = errors.New("-score must be 0 to 100")
	}
	if err != nil {
		fmt.Fprintln(stderr, "mutate:", err)
		f.Usage()
	}
	return c, err
}

// measure tries the mutants of the packages and reports whether the result is as
// good as it has to be.
func measure(ctx context.Context, c config, stdout, stderr io.Writer) (bool, error) {
	known, err := readEquivalents(c.equivalent)
	if err != nil {
		return false, err
	}
	packages, err := load(ctx, c.packages)
	if err != nil {
		return false, err
	}
	temp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(temp)
	var all []mutant
	for _, p := range packages {
		found := p.mutants(c.ignore)
		known.see(p, found)
		for _, m := range found {
			line := m.String()
			if (c.only == nil || c.only.MatchString(line)) && (c.skip == nil || !c.skip.MatchString(line)) {
				all = append(all, m)
			}
		}
	}
	compiling, rest := c.draw(all)
	r := newReport(stdout, stderr, known, c.verbose, len(compiling))
	for _, m := range rest {
		r.add(m, notCompiled, "")
	}
	suites := map[*sourcePackage]*suite{}
	for _, p := range packages {
		own := slices.DeleteFunc(slices.Clone(compiling), func(m mutant) bool { return m.file.pkg != p })
		if suites[p], err = newSuite(ctx, c, p, own, temp); err != nil {
			return false, err
		}
		if alone := suites[p].alone; alone != nil {
			fmt.Fprintf(stderr, "mutate: %s: each mutant is built by itself: with all in one build, %v\n", p.path, alone)
		}
	}
	err = tryAll(ctx, c, compiling, suites, r)
	score := r.summary() // of what was tried, if it was interrupted
	return score >= c.score && r.wrong == 0, err
}

// draw returns the mutants that are tried, and those that were drawn as well but do
// not compile.
func (c config) draw(all []mutant) (compiling, rest []mutant) {
	if c.sample > 0 {
		random := rand.New(rand.NewPCG(c.seed, 0))
		all = slices.Clone(all)
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	for _, m := range all {
		if c.sample > 0 && len(compiling) == c.sample {
			break
		}
		if m.compiles() {
			m.id = len(compiling) + 1
			compiling = append(compiling, m)
		} else {
			rest = append(rest, m)
		}
	}
	return compiling, rest
}
