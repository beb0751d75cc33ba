package fakekqueue_test

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform/internal/kqueue"
	"github.com/heirloom-go/heirloom/platform/internal/kqueue/fakekqueue"
)

// What a kqueue leaves open the fake draws, so each rule is tried with many seeds.
const seeds = 50

// rule tries a rule of a kqueue.
func rule(t *testing.T, try func(*testing.T, *queue)) {
	for seed := range uint64(seeds) {
		q, err := fakekqueue.New(seed)
		if err != nil {
			t.Fatal(err)
		}
		try(t, &queue{q})
		q.Close()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

type queue struct{ *fakekqueue.Queue }

// change makes a change.
func (q *queue) change(t *testing.T, fd int, f kqueue.Filter, flags kqueue.Flags, data uintptr) {
	t.Helper()
	e := kqueue.Event{Ident: fd, Filter: f, Flags: flags, Data: data}
	if err := q.Change([2]kqueue.Event{e}, 1); err != nil {
		t.Fatal(err)
	}
}

// there returns all events that there are, with at most room of them at a time.
func (q *queue) there(t *testing.T, room int) (all []kqueue.Event) {
	t.Helper()
	events := make([]kqueue.Event, room)
	for {
		n, err := q.Wait(events, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return all
		}
		all = append(all, events[:n]...)
		if len(all) > 1000 {
			t.Fatal("events without end")
		}
	}
}

// once is there, for what is reported once, with one event.
func (q *queue) once(t *testing.T) kqueue.Event {
	t.Helper()
	all := q.there(t, 8)
	if len(all) != 1 {
		t.Fatalf("there are %v, want one event", all)
	}
	return all[0]
}

func (q *queue) none(t *testing.T) {
	t.Helper()
	if all := q.there(t, 8); len(all) != 0 {
		t.Fatalf("there are %v, want no event", all)
	}
}

// pair returns two ends of a stream.
func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func TestFiltersApart(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		a, b := pair(t)
		defer unix.Close(a)
		defer unix.Close(b)
		q.change(t, a, kqueue.Read, kqueue.Add|kqueue.Clear, 1)
		q.none(t) // there is room to write, which nobody asks for
		q.change(t, a, kqueue.Write, kqueue.Add|kqueue.Clear, 2)
		if e := q.once(t); e.Filter != kqueue.Write || e.Data != 2 || e.Ident != a {
			t.Errorf("room to write: %v", e)
		}
		unix.Write(b, []byte{1})
		if e := q.once(t); e.Filter != kqueue.Read || e.Data != 1 || e.Flags&kqueue.EOF != 0 {
			t.Errorf("something to read: %v", e)
		}
	})
}

func TestClear(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		a, b := pair(t)
		defer unix.Close(a)
		defer unix.Close(b)
		q.change(t, a, kqueue.Read, kqueue.Add|kqueue.Clear, 1)
		for range 3 {
			unix.Write(b, []byte{1})
			q.once(t)
		}
		q.change(t, a, kqueue.Read, kqueue.Delete, 0)
		q.change(t, a, kqueue.Read, kqueue.Add, 1)
		events := make([]kqueue.Event, 4)
		for range 3 { // for as long as there is something
			if n, err := q.Wait(events, time.Minute); n != 1 && err != syscall.EINTR {
				t.Errorf("%d events, %v", n, err)
			}
		}
	})
}

func TestEndWithDataLeft(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		a, b := pair(t)
		defer unix.Close(a)
		q.change(t, a, kqueue.Read, kqueue.Add|kqueue.Clear, 1)
		unix.Write(b, []byte{1, 2})
		unix.Close(b)
		if e := q.once(t); e.Flags&kqueue.EOF == 0 {
			t.Errorf("the end of the stream: %v", e)
		}
		if n, err := unix.Read(a, make([]byte, 4)); n != 2 || err != nil {
			t.Errorf("then %d bytes, %v, are read, want 2", n, err)
		}
	})
}

func TestWakeCoalesces(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		for range 3 {
			for range 5 {
				q.Wake()
			}
			if e := q.once(t); e.Filter != kqueue.User {
				t.Errorf("what wakes: %v", e)
			}
		}
		q.none(t)
	})
}

func TestGoesWithItsDescriptor(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		a, b := pair(t)
		q.change(t, a, kqueue.Read, kqueue.Add|kqueue.Clear, 1)
		unix.Write(b, []byte{1})
		unix.Close(a)
		unix.Close(b)
		again, other := pair(t) // with the same numbers
		defer unix.Close(again)
		defer unix.Close(other)
		if again != a {
			t.Skip("another thread has taken the number")
		}
		unix.Write(other, []byte{1})
		q.none(t)
		q.change(t, again, kqueue.Read, kqueue.Add|kqueue.Clear, 2)
		if e := q.once(t); e.Data != 2 {
			t.Errorf("the next descriptor of that number: %v", e)
		}
	})
}

func TestAddedAgain(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		a, b := pair(t)
		defer unix.Close(a)
		defer unix.Close(b)
		q.change(t, a, kqueue.Write, kqueue.Add|kqueue.Clear, 1)
		q.once(t)
		q.none(t)
		q.change(t, a, kqueue.Write, kqueue.Add|kqueue.Clear, 2)
		if e := q.once(t); e.Data != 2 {
			t.Errorf("added again: %v", e)
		}
	})
}

func TestDeletedTwice(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		a, b := pair(t)
		defer unix.Close(a)
		defer unix.Close(b)
		q.change(t, a, kqueue.Write, kqueue.Add|kqueue.Clear, 1)
		q.change(t, a, kqueue.Write, kqueue.Delete, 0)
		q.none(t)
		e := kqueue.Event{Ident: a, Filter: kqueue.Write, Flags: kqueue.Delete}
		if err := q.Change([2]kqueue.Event{e}, 1); err != syscall.ENOENT {
			t.Errorf("deleted again: %v, want ENOENT", err)
		}
		e.Flags, e.Ident = kqueue.Add, -1
		if err := q.Change([2]kqueue.Event{e}, 1); err != syscall.EBADF {
			t.Errorf("no descriptor: %v, want EBADF", err)
		}
	})
}

func TestNoMoreThanThereIsRoomFor(t *testing.T) {
	rule(t, func(t *testing.T, q *queue) {
		const many = 10
		seen := map[uintptr]bool{}
		for i := range many {
			a, b := pair(t)
			defer unix.Close(a)
			defer unix.Close(b)
			q.change(t, a, kqueue.Write, kqueue.Add|kqueue.Clear, uintptr(i))
		}
		for _, e := range q.there(t, 3) {
			if seen[e.Data] {
				t.Errorf("%v comes twice", e)
			}
			seen[e.Data] = true
		}
		if len(seen) != many {
			t.Errorf("%d of %d events have come", len(seen), many)
		}
	})
}

func TestSignal(t *testing.T) {
	interrupted := 0
	rule(t, func(t *testing.T, q *queue) {
		switch n, err := q.Wait(make([]kqueue.Event, 1), time.Nanosecond); {
		case err == syscall.EINTR:
			interrupted++
		case n != 0 || err != nil:
			t.Errorf("a wait for nothing: %d, %v", n, err)
		}
	})
	if interrupted == 0 || interrupted == seeds {
		t.Errorf("%d of %d waits were interrupted, want some", interrupted, seeds)
	}
}
