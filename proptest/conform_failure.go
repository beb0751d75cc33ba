package proptest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// A failure is what a program found: the property that does not hold, and the
// program, a line for each step.
type failure struct {
	property Property
	text     string
	on       string // the composition
	program  []string
}

// String is the whole message: the property, the composition and the program.
func (f *failure) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s", f.property, f.text)
	if f.on != "" {
		fmt.Fprintf(&b, "\non %s:", f.on)
	}
	for _, line := range f.program {
		b.WriteString("\n\t" + line)
	}
	return b.String()
}

// failureOf runs f, which panics with a failure if it finds one, and returns that. An
// allocator that touches memory that it has given back, which the system may have back by
// now, panics too, and does not end the program.
func failureOf(f func()) (found *failure) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *failure:
			found = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// A found failure can be looked for again in less of what led to it.
type found struct {
	*failure
	smaller func(until time.Time) *failure
}

// minimizeFor bounds how long a program is made smaller. Programs take less than
// a millisecond, so most are as small as they get long before.
var minimizeFor = 2 * time.Second

// property returns the programs that run draws as a property for rapid.
//
// Rapid makes what was drawn smaller, number by number. But a program is known
// step by step once it has failed, and can be run again without drawing. So it is
// made smaller here, which is quicker and ends with a smaller one. What rapid
// draws is no more than a seed, so that it has nothing to do in between; but
// Go's fuzzer, which learns from what is drawn, draws all of it.
func property(run func(t *rapid.T) *found) func(*rapid.T) {
	var last *failure
	return func(t *rapid.T) {
		t.Helper()
		whence := caller()
		switch {
		case whence == "checkTB":
			return // the message has been printed, and nothing else is to be
		case whence == "checkFuzz":
			last = smallest(run(t))
		default:
			seed := drawSeed(t)
			if whence == "accept" {
				return
			}
			if last == nil || whence == "findBug" {
				last = smallest(rapid.Custom(run).Example(seed))
			} // else it was found once, and is reported even if that was by chance
		}
		if last != nil {
			t.Fatal(last)
		}
	}
}

func smallest(f *found) *failure {
	if f == nil {
		return nil
	}
	return f.smaller(time.Now().Add(minimizeFor))
}

// drawSeed draws 32 bits, all equally likely, unlike those of rapid's integers.
func drawSeed(t *rapid.T) (seed int) {
	for range 32 {
		seed <<= 1
		if rapid.Bool().Draw(t, "seed") {
			seed |= 1
		}
	}
	return seed
}

// caller returns which function of rapid runs the property: findBug looks for a
// failure, doCheck repeats it, accept tries with something smaller; checkTB
// repeats it for its output alone; checkFuzz has it from Go's fuzzer.
//
// These are unexported functions of rapid v1.3.0, and a newer version may name them
// otherwise: then TestCallers fails. Faults are still found and shown, but worse. The
// message is printed twice, below the bits of a seed. The file in testdata/rapid, and the
// input that the fuzzer keeps, may have another seed than the failure. The fuzzer draws no
// more than a seed. A property that has failed once fails from then on.
func caller() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for more, next := true, false; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		name := frame.Function[strings.LastIndexByte(frame.Function, '.')+1:]
		if next {
			return name
		}
		next = name == "checkOnce" && strings.HasPrefix(frame.Function, "pgregory.net/rapid.")
	}
	return ""
}

// fewer returns the steps without which still does not fail, one by one: first
// it leaves out many at a time, then fewer. It is the ddmin of Zeller and
// Hildebrandt without its complements, which a sequence of calls does not need.
func fewer[S any](steps []S, until time.Time, fails func([]S) bool) []S {
	for size := (len(steps) + 1) / 2; size > 0; {
		left := false
		for end := len(steps); end > 0 && time.Now().Before(until); end -= size {
			start := max(0, end-size)
			without := append(append([]S(nil), steps[:start]...), steps[end:]...)
			if fails(without) {
				steps, left = without, true
			}
		}
		if size == 1 && (!left || !time.Now().Before(until)) {
			break
		}
		if size > 1 || !left {
			size = size / 2
		}
	}
	return steps
}

// smallerInt tries smaller numbers from least on and returns the smallest that
// still fails, as far as halving finds it.
func smallerInt(n, least int, fails func(int) bool) int {
	for try := least; try < n; try += (n - try + 1) / 2 {
		if fails(try) {
			return try
		}
	}
	return n
}
