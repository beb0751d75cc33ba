package proptest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
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
	steps  []int // n > 0 allocates n values; others are below
	pass   chan *block[T]
	live   []*block[T]
	count  int
	wrong  string
}

// The steps of a worker that do not allocate.
const (
	releaseNewest = -iota
	releaseOldest
	passOn
	takeOver
)

// Whether a fault shows is chance, so a program is run some times over, and in
// each run each goroutine does its part repeatedly.
const (
	concurrentRuns  = 3
	repetitionsEach = 16
)

// concurrentProgram runs a program of several goroutines.
func concurrentProgram[T any](t *rapid.T, p plan[T]) {
	t.Helper()
	steps := rapid.SliceOfN(rapid.OneOf(
		rapid.IntRange(1, min(8, largest[T]())), rapid.IntRange(takeOver, releaseNewest), rapid.IntRange(1, 2),
	), 1, 40)
	scripts := rapid.SliceOfN(steps, 2, 4).Draw(t, "goroutines")
	for range concurrentRuns {
		if failed := runWorkers(t, p, scripts); failed.property != 0 {
			var text strings.Builder
			for i, script := range scripts {
				fmt.Fprintf(&text, "\n\tgoroutine %d: %s", i+1, scriptText(script))
			}
			// All in the message: rapid may not see the failure again.
			t.Fatalf("%v: %s\non %s:%s", failed.property, failed.text, describePlan(p), text.String())
		}
	}
}

func describePlan[T any](p plan[T]) string {
	b := blankBooks[T]()
	return b.describe(p.build(b))
}

func scriptText(script []int) string {
	var words []string
	for _, step := range script {
		switch step {
		case releaseNewest:
			words = append(words, "release the newest")
		case releaseOldest:
			words = append(words, "release the oldest")
		case passOn:
			words = append(words, "pass one on")
		case takeOver:
			words = append(words, "take one over")
		default:
			words = append(words, fmt.Sprintf("Allocate(%d)", step))
		}
	}
	return strings.Join(words, "; ")
}

func runWorkers[T any](t *rapid.T, p plan[T], scripts [][]int) violation {
	b := newBooks[T](t)
	b.apart, b.guard = true, !p.claims.ThreadSafe
	var a allocator.Allocator[T]
	if p := try(func() { a = p.build(b) }); p != "" {
		return violation{noPanic, "building the allocator panics: " + p}
	}
	pass := make(chan *block[T], len(scripts))
	workers := make([]*worker[T], len(scripts))
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

// judge says what is wrong after a concurrent program.
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
	if trimmer, ok := a.(allocator.Trimmer); ok {
		trimmer.Trim()
	}
	for _, t := range b.below {
		t.Trim()
	}
	held := 0
	for _, part := range b.parts {
		part.untouched()
		for _, w := range part.wrong {
			return w
		}
		held += part.values
	}
	if !claims.Loses && held > claims.Keeps {
		return violation{noLeak, fmt.Sprintf("everything is released, and the parent does not have %d values back", held)}
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
		switch step {
		case releaseNewest, releaseOldest:
			if len(w.live) != 0 {
				i := 0
				if step == releaseNewest {
					i = len(w.live) - 1
				}
				b := w.live[i]
				w.live = append(w.live[:i], w.live[i+1:]...)
				w.release(b)
			}
		case passOn:
			if len(w.live) != 0 {
				select {
				case w.pass <- w.live[0]:
					w.live = w.live[1:]
				default:
				}
			}
		case takeOver:
			select {
			case b := <-w.pass:
				w.live = append(w.live, b)
			default:
			}
		default:
			w.allocate(step)
		}
		if w.wrong != "" {
			return
		}
	}
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
	var p *pointee
	if len(w.layout.pointers) != 0 {
		p = new(pointee)
		b.at = uintptr(unsafe.Pointer(p))
	}
	if value, is := w.layout.stale(unsafe.Pointer(unsafe.SliceData(s)), len(s)); is {
		w.wrong = fmt.Sprintf("value %d of a fresh block has a pointer: it is another goroutine's, or was not cleared", value)
		return
	}
	w.layout.fill(unsafe.Pointer(unsafe.SliceData(s)), len(s), b.seed, p)
	w.live = append(w.live, b)
	if w.count%8 == 0 {
		runtime.Gosched()
	}
}

func (w *worker[T]) release(b *block[T]) {
	if _, is := w.layout.changed(unsafe.Pointer(unsafe.SliceData(b.s)), len(b.s), b.seed, b.at); is {
		w.wrong = "the contents of a live block changed: two goroutines have the same storage"
		return
	}
	w.a.Deallocate(b.s[:b.n])
}

func (w *worker[T]) releaseAll() {
	for len(w.live) != 0 && w.wrong == "" {
		b := w.live[0]
		w.live = w.live[1:]
		w.release(b)
	}
}
