package chains

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A coverage counts which answers were given to which questions, by the names that
// those have: what was drawn of programs, and what has happened in simulated worlds.
// Any number of goroutines may use it.
type coverage struct {
	mu        sync.Mutex
	questions map[string]*tally
}

// A tally is how often each answer to a question was given. Where there are not
// always the same answers, or too many to tell apart, they are in classes: the first,
// the last, and those in between.
type tally struct {
	exact       [fewAnswers]int
	first, last int
	between     int
	least, most int // answers that there were to choose from
}

const (
	fewAnswers  = 16   // are told apart
	manyAnswers = 1000 // are all the same
)

func newCoverage() *coverage { return &coverage{questions: make(map[string]*tally)} }

// counted returns a chooser that counts what another one chooses.
func (v *coverage) counted(c Chooser) Chooser { return &counting{c, v} }

type counting struct {
	Chooser
	coverage *coverage
}

func (c *counting) Choose(n int, what string) int {
	answer := c.Chooser.Choose(n, what)
	c.coverage.count(n, what, answer)
	return answer
}

func (v *coverage) count(n int, what string, answer int) {
	if n == 1 {
		return // there was no choice
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	a := v.questions[what]
	if a == nil {
		a = &tally{least: n}
		v.questions[what] = a
	}
	a.least, a.most = min(a.least, n), max(a.most, n)
	if answer < fewAnswers {
		a.exact[answer]++
	}
	switch answer {
	case 0:
		a.first++
	case n - 1:
		a.last++
	default:
		a.between++
	}
}

// classes returns how often answers of each class were given, and what the classes are
// called.
func (a *tally) classes() (given []int, names []string) {
	switch {
	case a.least > manyAnswers:
		return []int{a.first + a.last + a.between}, []string{"any"}
	case a.least == a.most && a.most <= fewAnswers:
		for answer := range a.most {
			names = append(names, fmt.Sprintf("%d of %d", answer, a.most))
		}
		return a.exact[:a.most], names
	}
	given, names = []int{a.first, a.last}, []string{"first", "last"}
	if a.most > 2 {
		given, names = append(given, a.between), append(names, "in between")
	}
	return given, names
}

// summary says how many of the answers were given, to how many questions, and which were
// not.
func (v *coverage) summary() (reached, all, questions int, missing []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(v.questions)) {
		given, names := v.questions[what].classes()
		for i, n := range given {
			all++
			if n > 0 {
				reached++
			} else {
				missing = append(missing, fmt.Sprintf("%q %s", what, names[i]))
			}
		}
	}
	return reached, all, len(v.questions), missing
}

// String says in a line what was reached.
func (v *coverage) String() string {
	reached, all, questions, missing := v.summary()
	if all == 0 {
		return "nothing was chosen"
	}
	text := fmt.Sprintf("%d of the %d possible answers to %d choices were drawn", reached, all, questions)
	if n := len(missing); n > 0 {
		const shown = 5
		text += "; never: " + strings.Join(missing[:min(n, shown)], ", ")
		if n > shown {
			text += ", …"
		}
	}
	return text
}

// log logs the coverage of a hunt. That of one which has failed means nothing, as it ended
// early.
func (v *coverage) log(t testing.TB) {
	t.Helper()
	if !t.Failed() {
		t.Logf("%v", v)
	}
}
