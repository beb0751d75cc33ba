package proptest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/heirloom-go/heirloom/allocator"
)

// A worker is one goroutine of a concurrent program. It shares nothing with
// the others but the allocator and what it passes to them, so that the race
// detector sees what the allocator does not order.
type worker[T any] struct {
	number int
	a      allocator.Allocator[T]
	layout *layout
	steps  []workerStep
	pass   chan *block[T]
	live   []*block[T]
	count  int
	wrong  string
}

// A workerStep is a step of one of the goroutines.
type workerStep struct {
	goroutine int
	what      workerKind
	n         int
}

type workerKind uint8

const (
	workAllocate workerKind = iota
	workReleaseNewest
	workReleaseOldest
	workPassOn
	workTakeOver
	workResize
	workTrim
	workAsk
)

func (s workerStep) String() string {
	switch s.what {
	case workAllocate:
		return fmt.Sprintf("Allocate(%d)", s.n)
	case workResize:
		return fmt.Sprintf("Resize(the newest, %d)", s.n)
	}
	return [...]string{
		workReleaseNewest: "release the newest", workReleaseOldest: "release the oldest",
		workPassOn: "pass one on", workTakeOver: "take one over",
		workTrim: "Trim()", workAsk: "Owns(the newest), GoodSize(3)",
	}[s.what]
}

// Whether a fault shows is chance, so a program is run some times over, and in
// each run each goroutine does its part repeatedly.
const (
	runsEach        = 3
	repetitionsEach = 8
)

var workerKinds = []workerKind{
	workAllocate, workAllocate, workAllocate, workAllocate, workAllocate, workAllocate,
	workReleaseNewest, workReleaseNewest, workReleaseOldest, workReleaseOldest,
	workPassOn, workTakeOver, workResize, workTrim, workAsk,
}

// concurrentRuns draws and runs a program of several goroutines.
func concurrentRuns[T any](t *rapid.T, on *tree[T]) *found {
	goroutines := rapid.IntRange(2, 4).Draw(t, "goroutines")
	var steps []workerStep
	for g := range goroutines {
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			s := workerStep{goroutine: g, what: workerKinds[rapid.IntRange(0, len(workerKinds)-1).Draw(t, "what")]}
			if s.what == workAllocate || s.what == workResize {
				s.n = rapid.OneOf(rapid.IntRange(1, min(8, largest[T]())), rapid.IntRange(1, 2), rapid.IntRange(1, min(16, largest[T]()))).Draw(t, "n")
			}
			steps = append(steps, s)
		}
	}
	f := runGoroutines(on, steps)
	if f == nil {
		return nil
	}
	return &found{f, func(until time.Time) *failure { return fewerGoroutines(on, steps, f, until) }}
}

// fewerGoroutines makes a program that failed smaller. A part of one that fails
// by chance may not fail when it is tried, and is then thought to be needed.
func fewerGoroutines[T any](on *tree[T], steps []workerStep, f *failure, until time.Time) *failure {
	fails := func(tree *tree[T], try []workerStep) bool {
		if !time.Now().Before(until) {
			return false
		}
		again := runGoroutines(tree, try)
		if again == nil || again.property != f.property {
			return false
		}
		on, steps, f = tree, try, again
		return true
	}
	for on.simpler(func(tree *tree[T]) bool { return fails(tree, steps) }) {
	}
	fewer(steps, until, func(steps []workerStep) bool { return fails(on, steps) })
	return f
}

// runGoroutines runs a program some times over.
func runGoroutines[T any](on *tree[T], steps []workerStep) *failure {
	var scripts [][]workerStep
	for _, s := range steps {
		for len(scripts) <= s.goroutine {
			scripts = append(scripts, nil)
		}
		scripts[s.goroutine] = append(scripts[s.goroutine], s)
	}
	scripts = slices.DeleteFunc(scripts, func(s []workerStep) bool { return len(s) == 0 })
	p := on.plan()
	if !p.claims.ThreadSafe && !p.claims.SafeAsParent {
		return nil // as a simpler composition may not be
	}
	for range runsEach {
		failed := runWorkers(p, scripts)
		if failed.property == 0 {
			continue
		}
		f := &failure{property: failed.property, text: failed.text, on: describePlan(p)}
		for i, script := range scripts {
			f.program = append(f.program, fmt.Sprintf("goroutine %d: %s", i+1, scriptText(script)))
		}
		return f
	}
	return nil
}

func describePlan[T any](p plan[T]) string {
	b := blankBooks[T]()
	return b.describe(p.build(b))
}

func scriptText(script []workerStep) string {
	var words []string
	for _, step := range script {
		words = append(words, step.String())
	}
	return strings.Join(words, "; ")
}

func runWorkers[T any](p plan[T], scripts [][]workerStep) violation {
	b := blankBooks[T]()
	defer b.close()
	b.apart, b.guard = true, !p.claims.ThreadSafe
	var a allocator.Allocator[T]
	if p := try(func() { a = p.build(b) }); p != "" {
		return violation{noPanic, "building the allocator panics: " + p}
	}
	pass := make(chan *block[T], len(scripts))
	workers := make([]*worker[T], len(scripts))
	if len(scripts) == 0 {
		return violation{}
	}
	var ready, done sync.WaitGroup
	ready.Add(1)
	for i, script := range scripts {
		w := &worker[T]{number: i, a: a, layout: b.layout, steps: script, pass: pass}
		workers[i] = w
		done.Go(func() {
			debug.SetPanicOnFault(true)
			ready.Wait()
			if p := try(w.runAll); p != "" {
				w.wrong = "panics: " + p
			}
		})
	}
	ready.Done()
	done.Wait()
	close(pass)
	left := workers[0]
	for block := range pass {
		left.live = append(left.live, block)
	}
	for _, w := range workers {
		if w.wrong == "" {
			if p := try(w.releaseAll); p != "" {
				w.wrong = "panics: " + p
			}
		}
		if w.wrong != "" {
			return violation{concurrent, w.wrong}
		}
	}
	return judge(b, a, p.claims)
}

// judge returns what is wrong after a concurrent program.
func judge[T any](b *books[T], a allocator.Allocator[T], claims Claims) violation {
	for _, part := range b.parts {
		if part.clash.Load() {
			return violation{concurrent, "the parent was called from two goroutines at a time"}
		}
	}
	if r, ok := allocator.AsResetter(a); ok && claims.UntilReset {
		r.Reset()
	} else if claims.UntilReset {
		claims.Loses = true
	}
	trimmer, trims := a.(allocator.Trimmer)
	if trims {
		trimmer.Trim()
	}
	b.trimBelow(func(trim func()) { trim() })
	held := 0
	for _, part := range b.parts {
		part.untouched()
		for _, w := range part.violations {
			return w
		}
		held += part.values
	}
	if !claims.Loses && held > claims.Keeps {
		return violation{noLeak, leaked(held, trims)}
	}
	if text := b.settled(); text != "" && !claims.Loses && claims.Keeps == 0 && b.layout.size != 0 {
		return violation{countsToNothing, text}
	}
	return violation{}
}

func (w *worker[T]) runAll() {
	for i := 0; i < repetitionsEach && w.wrong == ""; i++ {
		if i != 0 {
			w.releaseAll()
		}
		w.run()
	}
}

func (w *worker[T]) run() {
	for _, step := range w.steps {
		switch step.what {
		case workAllocate:
			w.allocate(step.n)
		case workReleaseNewest, workReleaseOldest:
			if len(w.live) != 0 {
				i := 0
				if step.what == workReleaseNewest {
					i = len(w.live) - 1
				}
				b := w.live[i]
				w.live = append(w.live[:i], w.live[i+1:]...)
				w.release(b)
			}
		case workPassOn:
			if len(w.live) != 0 {
				select {
				case w.pass <- w.live[0]:
					w.live = w.live[1:]
				default:
				}
			}
		case workTakeOver:
			select {
			case b := <-w.pass:
				w.live = append(w.live, b)
			default:
			}
		case workResize:
			w.resize(step.n)
		case workTrim:
			if t, ok := w.a.(allocator.Trimmer); ok {
				t.Trim()
			}
		case workAsk:
			w.ask()
		}
		if w.wrong != "" {
			return
		}
	}
}

// ask calls the methods that change nothing.
func (w *worker[T]) ask() {
	if s, ok := w.a.(allocator.Sizer); ok && s.GoodSize(3) < 3 {
		w.wrong = "GoodSize(3) is less"
	}
	o, ok := allocator.AsOwner(w.a)
	if ok && len(w.live) != 0 && !o.Owns(w.live[len(w.live)-1].s) {
		w.wrong = "does not own a live block"
	}
}

// resize resizes the newest block.
func (w *worker[T]) resize(n int) {
	r, ok := w.a.(allocator.Resizer[T])
	if !ok || len(w.live) == 0 {
		return
	}
	b := w.live[len(w.live)-1]
	if !w.intact(b) {
		return
	}
	s, ok := r.Resize(b.s[:b.n], n)
	if !ok {
		return
	}
	if len(s) != n || cap(s) < n || address(s) != address(b.s) && w.layout.size != 0 {
		w.wrong = fmt.Sprintf("Resize to %d values has len %d and cap %d, moved %v", n, len(s), cap(s), address(s) != address(b.s))
		return
	}
	b.s, b.n = s[:cap(s)], n
	w.fill(b)
}

func (w *worker[T]) allocate(n int) {
	s, err := w.a.Allocate(n)
	if err != nil {
		return
	}
	if wrongSize(s, n) {
		w.wrong = fmt.Sprintf("Allocate(%d) has len %d and cap %d", n, len(s), cap(s))
		return
	}
	w.count++
	s = s[:cap(s)]
	b := &block[T]{s: s, n: n, seed: uint64(w.number)<<32 | uint64(w.count)}
	if value, is := w.layout.stale(unsafe.Pointer(unsafe.SliceData(s)), len(s)); is {
		w.wrong = fmt.Sprintf("value %d of a fresh block has a pointer: it is another goroutine's, or was not cleared", value)
		return
	}
	w.fill(b)
	w.live = append(w.live, b)
	if w.count%8 == 0 {
		runtime.Gosched()
	}
}

// fill gives a block contents of its own.
func (w *worker[T]) fill(b *block[T]) {
	var p *pointee
	if len(w.layout.pointers) != 0 {
		p = new(pointee)
		b.at = uintptr(unsafe.Pointer(p))
	}
	w.layout.fill(unsafe.Pointer(unsafe.SliceData(b.s)), len(b.s), b.seed, p)
}

func (w *worker[T]) intact(b *block[T]) bool {
	if _, is := w.layout.changed(unsafe.Pointer(unsafe.SliceData(b.s)), len(b.s), b.seed, b.at); is {
		w.wrong = "the contents of a live block changed: two goroutines have the same storage"
		return false
	}
	return true
}

func (w *worker[T]) release(b *block[T]) {
	if w.intact(b) {
		w.a.Deallocate(b.s[:b.n])
	}
}

func (w *worker[T]) releaseAll() {
	for len(w.live) != 0 && w.wrong == "" {
		b := w.live[0]
		w.live = w.live[1:]
		w.release(b)
	}
}
