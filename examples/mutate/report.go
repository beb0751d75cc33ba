package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A report counts verdicts and prints what survives as soon as that is known. On a
// terminal a line tells how it goes on, once that takes longer than two seconds.
type report struct {
	out, progress io.Writer // progress is nil where nobody looks
	known         *equivalents
	verbose       bool
	total         int
	began         time.Time

	mu         sync.Mutex
	count      [verdicts]int
	equivalent int
	wrong      int
}

// drawAfter is how long a run is silent.
const drawAfter = 2 * time.Second

func newReport(out, progress io.Writer, known *equivalents, verbose bool, total int) *report {
	r := &report{out: out, known: known, verbose: verbose, total: total, began: time.Now()}
	if file, ok := progress.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			r.progress = progress
		}
	}
	return r
}

// add counts a mutant.
func (r *report) add(m mutant, v verdict, test string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	listed := r.known.has(m)
	switch {
	case v == survived && listed:
		r.equivalent++
		r.verbosely(m, "equivalent")
	case v == survived:
		r.count[v]++
		r.print("%v", m)
	default:
		r.count[v]++
		if listed && v != notCompiled {
			r.wrong++
			r.print("%v: is listed as equivalent, but noticed by %s", m, test)
		} else {
			r.verbosely(m, [verdicts]string{killed: "killed by " + test, timedOut: "timed out", notCompiled: "does not compile"}[v])
		}
	}
	if r.progress != nil && time.Since(r.began) > drawAfter {
		done := r.equivalent + r.count[killed] + r.count[timedOut] + r.count[survived]
		fmt.Fprintf(r.progress, "\r\033[K%d of %d mutants tried, %d survived", done, r.total, r.count[survived])
	}
}

// print prints a line instead of that of the progress.
func (r *report) print(format string, args ...any) {
	if r.progress != nil {
		fmt.Fprint(r.progress, "\r\033[K")
	}
	fmt.Fprintf(r.out, format+"\n", args...)
}

func (r *report) verbosely(m mutant, what string) {
	if r.verbose {
		r.print("%v: %s", m, what)
	}
}

// summary prints the counts and returns the score.
func (r *report) summary() float64 {
	for _, key := range r.known.unseen() {
		r.wrong++
		r.print("%s: is listed as equivalent, but there is no such mutant", key)
	}
	all := r.equivalent
	for _, n := range r.count {
		all += n
	}
	score := 100.0
	if n := r.count[killed] + r.count[survived]; n > 0 {
		score = 100 * float64(r.count[killed]) / float64(n)
	}
	r.print("%d mutants: %d killed, %d timed out, %d not compiled, %d equivalent by list, %d survived: score %.1f %%",
		all, r.count[killed], r.count[timedOut], r.count[notCompiled], r.equivalent, r.count[survived], score)
	return score
}
