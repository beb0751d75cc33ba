package ops_test

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

// A source that is not a socket: it says when it has something, and only then is
// a buffer allocated for it, by the handler's own allocator.
func ExampleWaitReader() {
	var loop mainLoop
	s := &lines{Executor: &loop, from: strings.NewReader("a line of text"), alarms: 2}
	buffers := combinators.NewStats[byte](allocator.Heap[byte]{})
	var read []byte
	ops.ReadOnArrival(s, 6, &read, ops.WithAllocator[byte](ops.HandlerFunc(func(n int, err error) {
		fmt.Printf("%q %v, with %d buffer\n", read, err, buffers.Counts().Live)
		buffers.Deallocate(read)
	}), buffers))
	fmt.Println("before it arrives:", buffers.Counts().Live)
	loop.run()
	fmt.Println("false alarms:", buffers.Counts().Total-1)
	// Output:
	// before it arrives: 0
	// "a line" <nil>, with 1 buffer
	// false alarms: 2
}

// lines is a source that sometimes says it has something when it has not.
type lines struct {
	ops.Executor
	from   io.Reader
	alarms int
}

func (l *lines) StartWaitReadable(op *ops.Operation) { l.Execute(op) }

func (l *lines) TryRead(b []byte) (int, error) {
	if l.alarms > 0 {
		l.alarms--
		return 0, ops.ErrWouldBlock
	}
	return l.from.Read(b)
}

// The allocator of the buffers is used where the handler runs, each time, since it
// may be for that goroutine only; and a false alarm does not lose the place.
func TestReadOnArrivalExecutor(t *testing.T) {
	var here, there mainLoop
	s := &lines{Executor: &here, from: strings.NewReader("x"), alarms: 3}
	on := &recording{loop: &there}
	var into []byte
	told := 0
	h := ops.WithExecutor(ops.WithAllocator[byte](ops.HandlerFunc(func(n int, err error) {
		told++
		if n != 1 || err != nil || string(into) != "x" || !on.running {
			t.Errorf("told %d, %v with %q, there: %v", n, err, into, on.running)
		}
	}), &inPlace{t: t, on: on}), &there)
	ops.ReadOnArrival(s, 8, &into, h)
	for range 10 {
		here.run()
		on.running = true
		there.run()
		on.running = false
		runtime.Gosched()
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

type recording struct {
	loop    *mainLoop
	running bool
}

// inPlace is an allocator that may be used by one loop only.
type inPlace struct {
	allocator.Heap[byte]
	t  *testing.T
	on *recording
}

func (a *inPlace) Allocate(n int) ([]byte, error) {
	if !a.on.running {
		a.t.Error("allocates elsewhere")
	}
	return a.Heap.Allocate(n)
}

func (a *inPlace) Deallocate(s []byte) {
	if !a.on.running {
		a.t.Error("releases elsewhere")
	}
	a.Heap.Deallocate(s)
}

func TestReadOnArrivalFails(t *testing.T) {
	var loop mainLoop
	broken := errors.New("broken")
	for _, test := range []struct {
		name  string
		size  int
		from  io.Reader
		alloc allocator.Allocator[byte]
		want  error
	}{
		{"no size", 0, strings.NewReader("x"), allocator.Heap[byte]{}, allocator.ErrSize},
		{"negative size", -1, strings.NewReader("x"), allocator.Heap[byte]{}, allocator.ErrSize},
		{"no memory", 1, strings.NewReader("x"), allocator.Null[byte]{}, allocator.ErrExhausted},
		{"end", 1, strings.NewReader(""), allocator.Heap[byte]{}, io.EOF},
		{"error", 1, failing{broken}, allocator.Heap[byte]{}, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			stats := combinators.NewStats(test.alloc)
			into := []byte("old")
			told := 0
			ops.ReadOnArrival(&lines{Executor: &loop, from: test.from}, test.size, &into, ops.WithAllocator[byte](ops.HandlerFunc(func(n int, err error) {
				told++
				if n != 0 || !errors.Is(err, test.want) || into != nil {
					t.Errorf("told %d, %v with %q; want %v", n, err, into, test.want)
				}
			}), stats))
			loop.run()
			if told != 1 || stats.Counts().Live != 0 {
				t.Errorf("told %d times, and %d buffers are left", told, stats.Counts().Live)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestReadOnArrivalShares lets two handlers on a strand share the variable, of which
// one is told an error after the other's bytes have arrived.
func TestReadOnArrivalShares(t *testing.T) {
	var l loop
	strand := ops.NewStrand(&l)
	var into []byte
	a, b := new(waiter), new(waiter)
	ops.ReadOnArrival(a, 8, &into, ops.WithExecutor(ops.HandlerFunc(func(n int, err error) {
		if err != nil || string(into) != "hello" {
			t.Errorf("the first is told %d, %v and has %q", n, err, into)
		}
	}), strand))
	ops.ReadOnArrival(b, 8, &into, ops.WithExecutor(ops.HandlerFunc(func(_ int, err error) {
		if err != ops.ErrCanceled || into != nil {
			t.Errorf("the second is told %v and has %q", err, into)
		}
	}), strand))
	a.op.Complete()
	b.op.Err = ops.ErrCanceled
	b.op.Complete()
	l.run()
}

// A waiter always has something to read.
type waiter struct{ op *ops.Operation }

func (w *waiter) StartWaitReadable(op *ops.Operation) { w.op = op }
func (w *waiter) TryRead(b []byte) (int, error)       { return copy(b, "hello"), nil }

// Starting a read empties the variable, and there has to be one.
func TestReadOnArrivalVariable(t *testing.T) {
	w := new(waiter)
	into := []byte("old")
	ops.ReadOnArrival(w, 8, &into, ops.HandlerFunc(func(int, error) {}))
	if into != nil {
		t.Errorf("while the read is outstanding, the variable is %q", into)
	}
	w.op.Complete()
	mustPanic(t, "nil pointer to what is read", func() { ops.ReadOnArrival(w, 8, nil, ops.HandlerFunc(func(int, error) {})) })
}
