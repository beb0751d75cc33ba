package combinators_test

import (
	"bufio"
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/combinators"
)

// newReader makes a reader with a buffer that is worth keeping.
func newReader() *bufio.Reader { return bufio.NewReaderSize(nil, 64<<10) }

// A connection borrows a reader while it has something to read. What is kept
// does not keep the last connection alive.
func ExampleObjects() {
	readers := combinators.NewObjects(newReader, 16)
	readers.OnPut = func(r *bufio.Reader) bool {
		r.Reset(nil)
		return true
	}
	serve := func(conn *strings.Reader) *bufio.Reader {
		r := readers.Get()
		defer readers.Put(r)
		r.Reset(conn)
		line, _ := r.ReadString('\n')
		fmt.Print(line)
		return r
	}
	first := serve(strings.NewReader("hello\n"))
	second := serve(strings.NewReader("hello again\n"))
	fmt.Println("the same reader:", first == second)
	fmt.Println(readers)
	// Output:
	// hello
	// hello again
	// the same reader: true
	// Objects(combinators_test.newReader, 16)
}

// A buffer that has grown for one large message is not worth its memory.
func ExampleObjects_onPut() {
	buffers := combinators.NewObjects(func() *bytes.Buffer { return new(bytes.Buffer) }, 16)
	buffers.OnPut = func(b *bytes.Buffer) bool {
		b.Reset()
		return b.Cap() <= 64<<10
	}
	buffers.OnDrop = func(b *bytes.Buffer) { fmt.Println("dropped") }

	b := buffers.Get()
	b.WriteString("a short message")
	buffers.Put(b)
	b = buffers.Get()
	b.Grow(1 << 20)
	buffers.Put(b)
	// Output: dropped
}

// worker is a value that is expensive to construct.
type worker struct {
	id    int
	table [8]int
}

// workers returns a constructor of workers and what it has made and what was
// dropped.
func workers() (construct func() *worker, made *int) {
	made = new(int)
	return func() *worker {
		*made++
		return &worker{id: *made}
	}, made
}

// objects is what both kinds have.
type objects[T any] interface {
	fmt.Stringer
	Get() *T
	Put(*T)
	Trim()
}

// eachObjects runs a test for both kinds, with hooks that are set if they are
// not nil.
func eachObjects(t *testing.T, limit int, onPut func(*worker) bool, onDrop func(*worker),
	test func(t *testing.T, o objects[worker], made *int)) {
	t.Helper()
	t.Run("Objects", func(t *testing.T) {
		construct, made := workers()
		o := combinators.NewObjects(construct, limit)
		o.OnPut, o.OnDrop = onPut, onDrop
		test(t, o, made)
	})
	t.Run("ShardedObjects", func(t *testing.T) {
		construct, made := workers()
		o := combinators.NewShardedObjects(construct, limit)
		o.OnPut, o.OnDrop = onPut, onDrop
		test(t, o, made)
	})
}

func TestObjectsKeepWhatIsInThem(t *testing.T) {
	eachObjects(t, 4, nil, nil, func(t *testing.T, o objects[worker], made *int) {
		w := o.Get()
		w.table[3] = 42
		o.Put(w)
		for range 3 {
			runtime.GC() // a sync.Pool is empty after two
		}
		if again := o.Get(); again != w || again.table[3] != 42 || *made != 1 {
			t.Errorf("got worker %d with %d in its table, and %d were constructed", again.id, again.table[3], *made)
		}
	})
}

func TestObjectsBound(t *testing.T) {
	for limit := range 40 {
		var dropped []int
		eachObjects(t, limit, nil, func(w *worker) { dropped = append(dropped, w.id) }, func(t *testing.T, o objects[worker], made *int) {
			dropped = nil
			var all []*worker
			for range 50 {
				all = append(all, o.Get())
			}
			for _, w := range all {
				o.Put(w)
			}
			kept := 50 - len(dropped)
			if kept > limit || limit > 0 && kept == 0 {
				t.Errorf("keeps %d of 50 with a limit of %d", kept, limit)
			}
			if _, is := o.(*combinators.Objects[worker]); is && kept != limit {
				t.Errorf("keeps %d of 50 with a limit of %d", kept, limit)
			}
			seen := map[*worker]bool{}
			for range kept {
				w := o.Get()
				if seen[w] {
					t.Fatalf("worker %d was handed out twice", w.id)
				}
				seen[w] = true
			}
			if *made != 50 {
				t.Errorf("%d were constructed for 50 at once, of which %d were kept", *made, kept)
			}
			for w := range seen {
				o.Put(w)
			}
			o.Trim()
			if len(dropped) != 50 {
				t.Errorf("%d of 50 were dropped after Trim", len(dropped))
			}
			if o.Get(); *made != 51 {
				t.Error("a value is left after Trim")
			}
		})
	}
}

// The hooks are called with every value that is put back, and with each that is
// not kept.
func TestObjectsHooks(t *testing.T) {
	var calls []string
	onPut := func(w *worker) bool {
		calls = append(calls, fmt.Sprint("put ", w.id))
		return w.id != 1
	}
	onDrop := func(w *worker) { calls = append(calls, fmt.Sprint("drop ", w.id)) }
	eachObjects(t, 1, onPut, onDrop, func(t *testing.T, o objects[worker], _ *int) {
		calls = nil
		one, two := o.Get(), o.Get()
		o.Put(one)
		o.Put(two)
		o.Put(nil)
		o.Trim()
		if diff := cmp.Diff([]string{"put 1", "drop 1", "put 2", "drop 2"}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// What was put back when a hook panics is not kept, and the others still are.
func TestObjectsHookPanics(t *testing.T) {
	fail := ""
	onPut := func(*worker) bool {
		if fail == "put" {
			panic("hook")
		}
		return true
	}
	onDrop := func(*worker) {
		if fail == "drop" {
			panic("hook")
		}
	}
	eachObjects(t, 2, onPut, onDrop, func(t *testing.T, o objects[worker], made *int) {
		fail = "put"
		wantPanic(t, "hook", func() { o.Put(o.Get()) })
		fail = ""
		o.Put(o.Get())
		if *made != 2 {
			t.Errorf("the worker of which OnPut has panicked was kept; %d were constructed", *made)
		}
		fail = "drop"
		wantPanic(t, "hook", o.Trim)
		fail = ""
		o.Trim()
		if o.Get(); *made != 3 {
			t.Errorf("the worker of which OnDrop has panicked is still there; %d were constructed", *made)
		}
	})
}

func TestObjectsMisuse(t *testing.T) {
	eachObjects(t, 8, nil, nil, func(t *testing.T, o objects[worker], _ *int) {
		w := o.Get()
		e := misuse(func() {
			o.Put(w)
			o.Put(w) // from the same place in the stack, so to the same shard
		})
		if e == nil || e.Problem != "put back twice" || e.Allocator != o.String() {
			t.Errorf("panic is %v, want one that says put back twice", e)
		}
		o.Get()
		o.Put(w) // handed out once, so it may be put back once
	})
}

func TestObjectsOfNoSize(t *testing.T) {
	for _, o := range []objects[struct{}]{
		combinators.NewObjects(func() *struct{} { return new(struct{}) }, 4),
		combinators.NewShardedObjects(func() *struct{} { return new(struct{}) }, 4),
	} {
		a, b := o.Get(), o.Get()
		o.Put(a)
		o.Put(b)
		o.Trim()
	}
}

func TestObjectsConstructor(t *testing.T) {
	wantPanic(t, "combinators: NewObjects: the constructor is nil", func() { combinators.NewObjects[int](nil, 1) })
	wantPanic(t, "combinators: NewShardedObjects: the constructor is nil", func() { combinators.NewShardedObjects[int](nil, 1) })
	wantPanic(t, "combinators: NewObjects: the limit is negative: -1", func() { combinators.NewObjects(newReader, -1) })
	wantPanic(t, "combinators: NewShardedObjects: the limit is negative: -1", func() { combinators.NewShardedObjects(newReader, -1) })
	failing := combinators.NewObjects(func() *int { return nil }, 1)
	if v := failing.Get(); v != nil {
		t.Errorf("a constructor returns nil, and Get %v", v)
	}
	failing.Put(nil)
}

func TestObjectsAllocateNothing(t *testing.T) {
	eachObjects(t, 100, func(*worker) bool { return true }, nil, func(t *testing.T, o objects[worker], _ *int) {
		var all [20]*worker
		if allocs := testing.AllocsPerRun(100, func() {
			for i := range all {
				all[i] = o.Get()
			}
			for _, w := range all {
				o.Put(w)
			}
		}); allocs != 0 {
			t.Errorf("%v allocations a run", allocs)
		}
	})
}

// What was handed out or dropped is not kept reachable.
func TestObjectsKeepNothingAlive(t *testing.T) {
	eachObjects(t, 4, nil, nil, func(t *testing.T, o objects[worker], _ *int) {
		collected := make(chan struct{})
		func() {
			w := o.Get()
			runtime.AddCleanup(w, func(c chan struct{}) { close(c) }, collected)
			o.Put(w)
			o.Get()
		}()
		awaitCollected(t, collected)
		runtime.KeepAlive(o)
	})
}

// Trim gives up the room for the pointers to the values as well.
func TestObjectsTrimKeepsNoRoom(t *testing.T) {
	construct, _ := workers()
	o := combinators.NewObjects(construct, 100)
	w := o.Get()
	if allocs := testing.AllocsPerRun(100, func() {
		o.Put(w)
		o.Trim()
	}); allocs == 0 {
		t.Error("no allocation a run, so the room for a pointer was kept")
	}
}

// benchmarkObjects measures a Get and a Put of a bufio.Reader, on one goroutine
// and on two.
func benchmarkObjects(b *testing.B, name string, parallel bool, pair func()) {
	for goroutines := 1; goroutines <= 2; goroutines++ {
		if goroutines > 1 && !parallel {
			return
		}
		b.Run(fmt.Sprintf("%s/goroutines=%d", name, goroutines), func(b *testing.B) {
			b.ReportAllocs()
			var users sync.WaitGroup
			for range goroutines {
				users.Go(func() {
					for range b.N / goroutines {
						pair()
					}
				})
			}
			users.Wait()
		})
	}
}

func BenchmarkObjects(b *testing.B) {
	single := combinators.NewObjects(newReader, 64)
	sharded := combinators.NewShardedObjects(newReader, 64)
	pool := sync.Pool{New: func() any { return newReader() }}
	benchmarkObjects(b, "single", false, func() { single.Put(single.Get()) })
	benchmarkObjects(b, "sharded", true, func() { sharded.Put(sharded.Get()) })
	benchmarkObjects(b, "peer=sync.Pool", true, func() { pool.Put(pool.Get().(*bufio.Reader)) })
}
