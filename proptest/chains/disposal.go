package chains

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/proptest/contract"
	"github.com/heirloom-go/heirloom/proptest/internal/memory"
)

// A Disposal is what a program does with the memory of a session when nothing is
// outstanding on it any more: when it is closed, and its last handler was called.
// From then on the platform must neither read nor write this memory.
type Disposal int

const (
	Kept       Disposal = iota // nothing: it lies there until the program ends
	Cleared                    // it gets its zero value
	Recycled                   // it is released to an allocator, which hands it out again
	Scribbled                  // everything in it but pointers is filled with garbage
	CopiedOver                 // it becomes a copy of what another session has left
	Elsewhere                  // it is opened on another proactor, and used there
)

var disposalNames = [...]string{"kept", "cleared", "recycled", "scribbled over", "copied over", "opened elsewhere"}

// String returns the disposal as the listing of a program shows it.
func (d Disposal) String() string { return disposalNames[d] }

func (d Disposal) known() bool { return d >= Kept && d <= Elsewhere }

// inPlace is what is done with memory that cannot be opened again: a Listener, a
// PacketConn or a File.
func (d Disposal) inPlace() Disposal {
	if d == Recycled || d == Elsewhere {
		return Cleared
	}
	return d
}

// A users counts who may still use some memory. The last one to leave disposes of
// it.
type users struct {
	n    atomic.Int32
	last func()
}

func (u *users) leave() {
	if u.n.Add(-1) == 0 {
		u.last()
	}
}

// A stock is where the memory of sessions comes from and what is known of it
// when they are over. Any goroutine may call its methods.
type stock[T any] struct {
	allocator.Allocator[T]

	mu   sync.Mutex
	last T // what was left of the last one
	left map[*T]remains
}

// remains is memory that the program has left in a certain state, in which it
// must still be when somebody looks.
type remains struct {
	what  string
	bytes []byte
}

func newStock[T any]() *stock[T] {
	const keep = 64 // more than a program has
	return &stock[T]{
		Allocator: combinators.NewThreadSafe[T](combinators.NewRecycling[T](allocator.Heap[T]{}, keep)),
		left:      make(map[*T]remains),
	}
}

// take returns new memory, which is zero.
func (s *stock[T]) take() *T {
	x, err := allocator.New(s.Allocator)
	if err != nil {
		panic(err) // the heap is never exhausted
	}
	return x
}

// dispose disposes of x, which the text what describes. It does everything but
// open x elsewhere.
func (s *stock[T]) dispose(x *T, how Disposal, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.last
	if how != Kept {
		s.last = *x
	}
	switch how {
	case Cleared:
		clear(unsafe.Slice(x, 1))
	case Recycled:
		allocator.Delete(s.Allocator, x)
		return
	case Scribbled:
		scribble(reflect.ValueOf(x).Elem())
	case CopiedOver:
		*x = last
	default:
		return
	}
	s.left[x] = remains{what, append([]byte(nil), memory.Bytes(unsafe.Slice(x, 1))...)}
}

// reclaim makes x, which was disposed of, ready to be opened again. It returns
// what is wrong with it.
func (s *stock[T]) reclaim(x *T) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.left[x]
	if !ok {
		return ""
	}
	delete(s.left, x)
	wrong := changed(x, r)
	clear(unsafe.Slice(x, 1))
	return wrong
}

// inspect returns what is wrong with the memory that was disposed of.
func (s *stock[T]) inspect() (wrong []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for x, r := range s.left {
		if text := changed(x, r); text != "" {
			wrong = append(wrong, text)
		}
	}
	return wrong
}

// changed says where x is no longer as it was left.
func changed[T any](x *T, r remains) string {
	for i, b := range memory.Bytes(unsafe.Slice(x, 1)) {
		if b != r.bytes[i] {
			return fmt.Sprintf("%s was written to after its last handler, first at byte %d", r.what, i)
		}
	}
	return ""
}

// scribble fills everything in v but pointers with garbage: a number is one that
// was never given out, and a lock is held, but by nobody who would release it.
func scribble(v reflect.Value) {
	const garbage = 0x5555_5555_5555_5555
	switch v.Kind() {
	case reflect.Struct:
		if m, ok := v.Addr().Interface().(interface{ TryLock() bool }); ok {
			m.TryLock()
			return
		}
		for i := range v.NumField() {
			field := v.Field(i)
			scribble(reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem())
		}
	case reflect.Array:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(garbage)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(garbage)
	}
}

// apart calls f, which disposes of something: as it is, or on a goroutine of its
// own, which is waited for where the Chooser decides what happens.
func (r *run) apart(apart bool, f func()) {
	if !apart {
		f()
		return
	}
	dispose := func() {
		defer func() { r.caught(recover()) }()
		f()
	}
	if r.world != nil {
		<-launch(1, dispose)
		return
	}
	r.disposing.Go(dispose)
}

// prepareSecond makes the other proactor if the program opens something there.
func (r *run) prepareSecond(open Opener) (err error) {
	p := r.program
	if !slices.ContainsFunc(p.Links, func(l Link) bool { return slices.Contains(l.Disposal[:], Elsewhere) }) &&
		!slices.ContainsFunc(p.Chains, func(c Chain) bool { return c.Disposal == Elsewhere }) {
		return nil
	}
	if r.openSecond != nil {
		open = r.openSecond
	}
	if r.second, err = newSecondProactor(open); err == nil {
		r.cleanup = append(r.cleanup, func() { r.wait(launch(1, func() { r.second.proactor.Close() })) })
	}
	return err
}

// endDisposal ends, when the proactor was closed, what is open elsewhere.
func (r *run) endDisposal() {
	r.disposing.Wait()
	if r.second != nil {
		defer func() { r.caught(recover()) }()
		r.second.end()
	}
}

// whoKnowsIt is what to look at when memory was used after its last handler.
const whoKnowsIt = "who still knows the memory of a session when its last handler was called: an event of the kernel that comes late, a deadline, a cancel slot, a lock that is let go of last"

// disturbed returns what is wrong with the memory that was disposed of.
func (r *run) disturbed() (all []contract.Violation) {
	texts := slices.Concat(r.conns.inspect(), r.timers.inspect(), r.listeners.inspect(), r.packets.inspect(), r.files.inspect())
	if r.second != nil && r.second.mu.TryLock() { // else somebody is stuck with it
		texts = append(texts, r.second.wrong...)
		r.second.mu.Unlock()
	}
	slices.Sort(texts)
	for _, text := range texts {
		all = append(all, contract.Violation{Text: text, Look: whoKnowsIt})
	}
	return all
}

// dispose disposes of the timer and of the files, which nobody uses any more.
func (c *chainRun) dispose() {
	r, how, timer := c.run, c.program.Disposal, c.timer
	if how == Kept {
		return
	}
	r.touchSessions()
	files := []*platform.File{c.notes.file, c.enclosed.file}
	for _, file := range files {
		if file != nil {
			file.Close()
		}
	}
	r.apart(c.program.Apart, func() {
		if timer != nil {
			r.disposeTimer(timer, how, "the Timer of "+c.String())
		}
		for _, file := range files {
			if file != nil {
				r.files.dispose(file, how.inPlace(), "a File of "+c.String())
			}
		}
	})
}

func (r *run) disposeTimer(t *platform.Timer, how Disposal, what string) {
	if how == Elsewhere {
		r.second.enter(t, &timerGuest{timer: t}, what)
		return
	}
	r.timers.dispose(t, how, what)
}

// disposeMailbox disposes of the mailbox, which nobody uses any more.
func (c *chainRun) disposeMailbox() {
	if c.program.Disposal == Kept {
		return
	}
	c.run.touchSessions()
	c.mail.conn.Close()
	r, how, conn := c.run, c.program.Disposal.inPlace(), c.mail.conn
	r.apart(c.program.Apart, func() { r.packets.dispose(conn, how, "the PacketConn of "+c.String()) })
}
