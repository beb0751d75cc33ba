package combinators_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// Requests and their buffers share a megabyte. One that finds no room waits
// until others are served.
func ExampleBudget() {
	type request struct{ Name string }
	budget := combinators.NewBudget(1 << 20)
	serve := func(ctx context.Context, size int) error {
		mine := budget.Account() // so that what is reserved is for this one
		requests := combinators.NewBudgeted[request](allocator.Heap[request]{}, mine)
		buffers := combinators.NewBudgeted[byte](allocator.Heap[byte]{}, mine)
		if err := mine.Wait(ctx, requests.Cost(1)+buffers.Cost(size)); err != nil {
			return err
		}
		r, err := allocator.New(requests)
		if err != nil {
			return err
		}
		defer allocator.Delete(requests, r)
		b, err := buffers.Allocate(size)
		if err != nil {
			return err
		}
		defer buffers.Deallocate(b)
		return nil // the work itself
	}
	var clients sync.WaitGroup
	for range 10 {
		clients.Go(func() {
			if err := serve(context.Background(), 400<<10); err != nil { // for two at a time
				fmt.Println(err)
			}
		})
	}
	clients.Wait()
	fmt.Println("live:", budget.Live())
	fmt.Println(serve(context.Background(), 2<<20))
	// Output:
	// live: 0
	// allocator: size too large
}

// A handler that finds no room stops reading until there is some.
func ExampleBudget_WhenRoom() {
	budget := combinators.NewBudget(4096)
	buffers := combinators.NewBudgeted[byte](allocator.Heap[byte]{}, budget)
	loop := make(chan func(), 1) // where the handlers run

	busy, _ := buffers.Allocate(4000)
	var onReadable func()
	onReadable = func() {
		b, err := buffers.Allocate(1024)
		if errors.Is(err, allocator.ErrExhausted) {
			fmt.Println("no room")
			budget.WhenRoom(buffers.Cost(1024), func() { loop <- onReadable })
			return
		}
		fmt.Println("read into a buffer of", len(b))
		buffers.Deallocate(b)
	}
	onReadable()
	buffers.Deallocate(busy)
	(<-loop)()
	// Output:
	// no room
	// read into a buffer of 1024
}

// A client leaves while its request waits for room, so the request leaves the queue.
func ExampleWaiting() {
	budget := combinators.NewBudget(4096)
	buffers := combinators.NewBudgeted[byte](allocator.Heap[byte]{}, budget)
	busy, _ := buffers.Allocate(4000)

	waiting, err := budget.WhenRoom(buffers.Cost(1024), func() { fmt.Println("there is room") })
	fmt.Println("it waits:", err == nil)
	fmt.Println("it was in time:", waiting.Cancel())
	buffers.Deallocate(busy)
	fmt.Println("a second time:", waiting.Cancel())
	// Output:
	// it waits: true
	// it was in time: true
	// a second time: false
}

func TestBudgetReservation(t *testing.T) {
	ctx := context.Background()
	budget := combinators.NewBudget(100)
	mine, other := budget.Account(), budget.Account()
	a, b := combinators.NewBudgeted(heap[byte](), mine), combinators.NewBudgeted(heap[int64](), other)
	for _, n := range []int{60, 20} {
		if err := mine.Wait(ctx, n); err != nil {
			t.Fatal(err)
		}
	}
	if budget.Live() != 80 || mine.Reserved() != 80 || other.Reserved() != 0 {
		t.Errorf("%d bytes are live, %d and %d reserved; want 80, 80 and 0", budget.Live(), mine.Reserved(), other.Reserved())
	}
	if _, err := b.Allocate(3); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("24 bytes beside 80 that are reserved: error %v, want ErrExhausted", err)
	}
	first := take(t, a, 50)
	second := take(t, a, 40) // of which 30 are reserved
	if budget.Live() != 90 || mine.Reserved() != 0 {
		t.Errorf("%d bytes are live, %d reserved; want 90 and 0", budget.Live(), mine.Reserved())
	}
	a.Deallocate(first)
	if err := mine.Wait(ctx, 50); err != nil {
		t.Fatal(err)
	}
	mine.Unreserve()
	mine.Unreserve()
	a.Deallocate(second)
	if budget.Live() != 0 {
		t.Errorf("%d bytes are live", budget.Live())
	}
}

// A request that goes beyond what is reserved, and beyond what there is, leaves the
// reservation as it was.
func TestBudgetKeepsTheReservation(t *testing.T) {
	budget := combinators.NewBudget(100)
	mine := budget.Account()
	if err := mine.Wait(context.Background(), 40); err != nil {
		t.Fatal(err)
	}
	a := combinators.NewBudgeted(heap[byte](), mine)
	take(t, combinators.NewBudgeted(heap[byte](), budget), 50)
	if _, err := a.Allocate(60); !errors.Is(err, allocator.ErrExhausted) {
		t.Errorf("60 bytes where 40 are reserved and 10 are left: error %v, want ErrExhausted", err)
	}
	if mine.Reserved() != 40 || budget.Live() != 90 {
		t.Errorf("%d bytes are reserved and %d live, want 40 and 90", mine.Reserved(), budget.Live())
	}

	budget = combinators.NewBudget(100)
	mine = budget.Account()
	if err := mine.Wait(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	failing := combinators.NewFailingAt(heap[byte](), 1)
	if _, err := combinators.NewBudgeted(failing, mine).Allocate(1); err == nil || mine.Reserved() != 1 || budget.Live() != 1 {
		t.Errorf("a parent that fails: error %v, %d bytes are reserved and %d live, want 1", err, mine.Reserved(), budget.Live())
	}
}

// A single byte counts as any other number: when it is reserved and given back, and
// when it is what a reservation lacks.
func TestBudgetCountsSingleBytes(t *testing.T) {
	budget := combinators.NewBudget(3)
	mine := budget.Account()
	for _, unused := range []int{1, 2} {
		if err := mine.Wait(context.Background(), unused); err != nil {
			t.Fatal(err)
		}
		if budget.Live() != unused {
			t.Errorf("%d bytes are live where %d are reserved", budget.Live(), unused)
		}
		mine.Unreserve()
		if budget.Live() != 0 {
			t.Errorf("%d bytes are live after %d were given back", budget.Live(), unused)
		}
	}
	a := combinators.NewBudgeted(heap[byte](), mine)
	if err := mine.Wait(context.Background(), 2); err != nil {
		t.Fatal(err)
	}
	s := take(t, a, 3)
	if budget.Live() != 3 || mine.Reserved() != 0 {
		t.Errorf("%d bytes are live and %d reserved, want 3 and 0", budget.Live(), mine.Reserved())
	}
	a.Deallocate(s)
	if budget.Live() != 0 {
		t.Errorf("%d bytes are live after the release", budget.Live())
	}
}

// What a parent gives beyond the request counts, to the byte.
func TestBudgetOfAGenerousParent(t *testing.T) {
	parent := newSource[byte](t)
	parent.extra = 1 // one more for four
	budget := combinators.NewBudget(100)
	a := combinators.NewBudgeted(parent, budget)
	s := take(t, a, 4)
	if budget.Live() != 5 {
		t.Errorf("%d bytes are live, want the 5 that the block has", budget.Live())
	}
	a.Deallocate(s)
	if budget.Live() != 0 {
		t.Errorf("%d bytes are live after the release", budget.Live())
	}
}

func TestBudgetErrors(t *testing.T) {
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		n    int
		want error
	}{
		{context.Background(), -1, allocator.ErrSize},
		{context.Background(), 11, allocator.ErrTooLarge},
		{done, 1, context.Canceled},
		{context.Background(), 0, nil},
		{context.Background(), 10, nil},
	} {
		budget := combinators.NewBudget(10)
		if err := budget.Wait(c.ctx, c.n); !errors.Is(err, c.want) {
			t.Errorf("Wait for %d: error %v, want %v", c.n, err, c.want)
		}
		if _, err := budget.WhenRoom(c.n, func() {}); c.ctx != done && !errors.Is(err, c.want) {
			t.Errorf("WhenRoom for %d: error %v, want %v", c.n, err, c.want)
		}
	}
	wantPanic(t, "combinators: Budget.WhenRoom: the function is nil", func() { combinators.NewBudget(1).WhenRoom(1, nil) })
	wantPanic(t, "combinators: NewBudget: the limit is negative: -1", func() { combinators.NewBudget(-1) })
	if (combinators.Waiting{}).Cancel() {
		t.Error("nothing was cancelled")
	}
	none := combinators.NewBudget(0)
	if err := none.Wait(context.Background(), 1); !errors.Is(err, allocator.ErrTooLarge) {
		t.Errorf("Wait for 1 of 0: error %v, want ErrTooLarge", err)
	}
}

// First come, first served: a large one is not overtaken by small ones that wait,
// nor by small ones that do not.
func TestBudgetOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := combinators.NewBudget(100)
		holder := combinators.NewBudgeted(heap[byte](), budget.Account())
		var held [][]byte
		for range 10 {
			held = append(held, take(t, holder, 10))
		}
		var served []string
		var mu sync.Mutex
		serve := func(name string) {
			mu.Lock()
			defer mu.Unlock()
			served = append(served, name)
		}
		arrive := func(name string, n int) *combinators.Budget {
			account := budget.Account()
			go func() {
				if err := account.Wait(t.Context(), n); err == nil {
					serve(name)
				}
			}()
			synctest.Wait()
			return account
		}
		arrive("small", 10)
		large := arrive("large", 90)
		for i := range 3 {
			arrive(fmt.Sprint("late ", i), 5)
		}
		if _, err := budget.WhenRoom(5, func() { serve("handler") }); err != nil {
			t.Fatal(err)
		}
		for i, s := range held {
			holder.Deallocate(s)
			synctest.Wait()
			if _, err := holder.Allocate(1); !errors.Is(err, allocator.ErrExhausted) {
				t.Fatalf("one that does not wait gets what those in the queue wait for (%d blocks are released)", i+1)
			}
		}
		if diff := cmp.Diff([]string{"small", "large"}, served); diff != "" {
			t.Fatalf("served with room for two (-want +got):\n%s", diff)
		}
		large.Unreserve()
		synctest.Wait()
		slices.Sort(served[2:]) // those three may run in any order, as all have room
		if diff := cmp.Diff([]string{"small", "large", "handler", "late 0", "late 1", "late 2"}, served); diff != "" {
			t.Errorf("served (-want +got):\n%s", diff)
		}
	})
}

// Nor is it overtaken by one that comes when there is room, but not for the large one.
func TestBudgetOrderWithSomeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := combinators.NewBudget(100)
		if err := budget.Wait(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
		var calls []string
		mine := budget.Account()
		for _, c := range []struct {
			name string
			n    int
		}{{"large", 80}, {"small", 20}} {
			if _, err := mine.WhenRoom(c.n, func() { calls = append(calls, c.name) }); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if calls != nil {
			t.Errorf("%v called before there is room for the first", calls)
		}
		budget.Unreserve()
		synctest.Wait()
		if diff := cmp.Diff([]string{"large", "small"}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// When all who waited were served, a request that does not wait has room again.
func TestBudgetAfterAQueue(t *testing.T) {
	budget := combinators.NewBudget(100)
	if err := budget.Wait(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	called := make(chan struct{}, 2)
	for range 2 {
		if _, err := budget.WhenRoom(50, func() { called <- struct{}{} }); err != nil {
			t.Fatal(err)
		}
	}
	budget.Unreserve()
	<-called
	<-called
	budget.Unreserve()
	take(t, combinators.NewBudgeted(heap[byte](), budget), 100)
}

// Nor is it refused after the only one who waited has given up.
func TestBudgetAfterACancellation(t *testing.T) {
	budget := combinators.NewBudget(100)
	if err := budget.Wait(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	w, err := budget.WhenRoom(50, func() { t.Error("called after it was cancelled") })
	if err != nil || !w.Cancel() {
		t.Fatalf("it waits with error %v, and cannot be cancelled", err)
	}
	budget.Unreserve()
	take(t, combinators.NewBudgeted(heap[byte](), budget), 100)
}

// Who gives up is not served, keeps nothing, and makes way for the next one.
func TestBudgetCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := combinators.NewBudget(100)
		if err := budget.Wait(t.Context(), 50); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		large := make(chan error, 1)
		go func() { large <- budget.Account().Wait(ctx, 80) }()
		synctest.Wait()
		small, second := budget.Account(), budget.Account()
		served := make(chan error, 2)
		go func() { served <- small.Wait(context.Background(), 30) }()
		synctest.Wait()
		called := false
		w, _ := budget.WhenRoom(90, func() { called = true })
		go func() { served <- second.Wait(context.Background(), 20) }()
		synctest.Wait()
		if len(served) != 0 {
			t.Fatal("a small one has overtaken the large one")
		}
		if err := <-large; !errors.Is(err, context.DeadlineExceeded) { // after a minute of this bubble's time
			t.Fatalf("error %v, want that of the context", err)
		}
		if err := <-served; err != nil || small.Reserved() != 30 {
			t.Fatalf("the next one has %d bytes and error %v", small.Reserved(), err)
		}
		synctest.Wait()
		if len(served) != 0 {
			t.Fatal("the last one has overtaken the handler")
		}
		if !w.Cancel() || w.Cancel() {
			t.Error("a handler in the queue cannot be cancelled, or twice")
		}
		if err := <-served; err != nil || second.Reserved() != 20 || budget.Live() != 100 || called {
			t.Errorf("after the cancellation %d bytes are reserved, %d live; error %v; called: %v", second.Reserved(), budget.Live(), err, called)
		}
	})
}

// Whether a context is done before or after there is room, the bytes are with the
// one who waits or back.
func TestBudgetCancellationAndRoomAtOnce(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			budget, mine := combinators.NewBudget(10), (*combinators.Budget)(nil)
			mine = budget.Account()
			_ = budget.Wait(t.Context(), 10)
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() { result <- mine.Wait(ctx, 10) }()
			synctest.Wait()
			go cancel()
			go budget.Unreserve()
			err := <-result
			synctest.Wait()
			if want := map[bool]int{true: 10, false: 0}[err == nil]; mine.Reserved() != want || budget.Live() != want {
				t.Fatalf("error %v with %d bytes reserved and %d live", err, mine.Reserved(), budget.Live())
			}
			mine.Unreserve()
			if err := mine.Wait(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A function that gets its bytes at once is not in the way of a request meanwhile.
func TestBudgetFunctionsWithRoom(t *testing.T) {
	budget := combinators.NewBudget(1 << 20)
	a := combinators.NewBudgeted(heap[byte](), budget.Account())
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		mine := budget.Account()
		for {
			select {
			case <-stop:
				return
			default:
			}
			w, err := mine.WhenRoom(10, func() {})
			if err != nil {
				t.Error(err)
			}
			w.Cancel()
			mine.Unreserve()
		}
	}()
	refused := 0
	for range 100_000 {
		s, err := a.Allocate(10)
		if err != nil {
			refused++
			continue
		}
		a.Deallocate(s)
	}
	close(stop)
	<-done
	if refused != 0 {
		t.Errorf("%d of 100,000 requests were refused, with room for all", refused)
	}
}

// A function is called once and later: not by the one who asks for it, not by the
// one who makes room, who may hold a lock that it wants.
func TestBudgetCallsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := combinators.NewBudget(100)
		a := combinators.NewThreadSafe(combinators.NewBudgeted(heap[byte](), budget))
		var mu sync.Mutex
		var calls []int
		wait := func(id, n int) combinators.Waiting {
			mu.Lock()
			defer mu.Unlock()
			w, err := budget.WhenRoom(n, func() {
				s := take[byte](t, a, n)
				a.Deallocate(s)
				mu.Lock()
				defer mu.Unlock()
				calls = append(calls, id)
			})
			if err != nil {
				t.Fatal(err)
			}
			return w
		}
		var waiting []combinators.Waiting
		waiting = append(waiting, wait(0, 100)) // has room at once
		synctest.Wait()
		s := take[byte](t, a, 100)
		for id := 1; id < 6; id++ {
			waiting = append(waiting, wait(id, 10*id))
		}
		waiting[3].Cancel()
		synctest.Wait()
		mu.Lock()
		a.Deallocate(s)
		mu.Unlock()
		synctest.Wait()
		if diff := cmp.Diff([]int{0, 1, 2, 4, 5}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		for i, w := range waiting {
			if w.Cancel() {
				t.Errorf("function %d can be cancelled after it was called", i)
			}
		}
		if budget.Live() != 0 || budget.Reserved() != 0 {
			t.Errorf("%d bytes are live, %d reserved", budget.Live(), budget.Reserved())
		}
	})
}

// A function that has its bytes and is not called yet can be cancelled, and one
// that ends its goroutine does not take the others with it.
func TestBudgetFunctionsInTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := combinators.NewBudget(100)
		hold, called := make(chan bool), 0
		budget.WhenRoom(10, func() {
			<-hold
			runtime.Goexit()
		})
		synctest.Wait()
		next, _ := budget.WhenRoom(20, func() { called += 20 })
		budget.WhenRoom(30, func() { called += 30 })
		synctest.Wait()
		if called != 0 {
			t.Errorf("called for %d bytes while another function is called", called)
		}
		if budget.Live() != 60 {
			t.Errorf("%d bytes are reserved, want 60", budget.Live())
		}
		if !next.Cancel() || budget.Live() != 40 {
			t.Errorf("%d bytes are reserved after a cancellation, want 40", budget.Live())
		}
		close(hold)
		synctest.Wait()
		if called != 30 || budget.Reserved() != 40 {
			t.Errorf("called for %d bytes with %d reserved, want 30 and 40", called, budget.Reserved())
		}
	})
}

// What a function has is not kept when it has been called.
func TestBudgetForgetsItsFunctions(t *testing.T) {
	budget := combinators.NewBudget(100)
	called, collected := make(chan struct{}), make(chan struct{})
	func() {
		request := new([64]byte)
		runtime.AddCleanup(request, func(c chan struct{}) { close(c) }, collected)
		budget.WhenRoom(len(request), func() {
			request[0] = 1
			close(called)
		})
	}()
	<-called
	awaitCollected(t, collected)
	runtime.KeepAlive(budget)
}

// One that is about to wait may get its bytes before it does.
func TestBudgetRoomBeforeTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := combinators.NewBudget(100)
		if err := budget.Wait(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		mine := budget.Account()
		if err := mine.Wait(doing{t.Context(), budget.Unreserve}, 50); err != nil || mine.Reserved() != 50 {
			t.Errorf("%d bytes are reserved, error %v; want 50", mine.Reserved(), err)
		}
	})
}

// doing is a context that does something when it is asked for its channel.
type doing struct {
	context.Context
	do func()
}

func (c doing) Done() <-chan struct{} {
	c.do()
	return c.Context.Done()
}

func TestBudgetWaitAllocatesNothing(t *testing.T) {
	budget := combinators.NewBudget(100)
	mine := budget.Account()
	called := make(chan struct{}, 1)
	call := func() { called <- struct{}{} }
	ask, granted := make(chan int), make(chan struct{})
	go func() {
		for n := range ask {
			if err := mine.Wait(context.Background(), n); err != nil {
				t.Error(err)
			}
			mine.Unreserve()
			granted <- struct{}{}
		}
	}()
	defer close(ask)
	if allocs := testing.AllocsPerRun(500, func() {
		_ = budget.Wait(context.Background(), 60)
		ask <- 70
		if _, err := budget.WhenRoom(50, call); err != nil { // comes first or second
			t.Error(err)
		}
		budget.Unreserve()
		for range 2 { // one has its bytes only when the other gives them back
			select {
			case <-granted:
			case <-called:
				budget.Unreserve()
			}
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

// Nor does a wait that lasts until others make room.
func TestBudgetWaitForOthersAllocatesNothing(t *testing.T) {
	budget := combinators.NewBudget(100)
	mine := budget.Account()
	var ctx context.Context = doing{context.Background(), budget.Unreserve} // when it is in the queue
	if allocs := testing.AllocsPerRun(100, func() {
		if err := budget.Wait(context.Background(), 60); err != nil {
			t.Error(err)
		}
		if err := mine.Wait(ctx, 50); err != nil {
			t.Error(err)
		}
		mine.Unreserve()
	}); allocs != 0 {
		t.Errorf("%v allocations a run", allocs)
	}
}

// Whatever many do at a time, no more than the limit is out, everyone is served
// in the end, and everything is back.
func TestBudgetByManyGoroutines(t *testing.T) {
	const limit = 100
	budget := combinators.NewBudget(limit)
	var out, served, called atomic.Int64
	var asked atomic.Int64
	var users sync.WaitGroup
	for id := range 8 {
		users.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(id)))
			mine := budget.Account()
			a, b := combinators.NewBudgeted(heap[byte](), mine), combinators.NewBudgeted(heap[[8]byte](), mine)
			for range 500 {
				n := 1 + r.IntN(40)
				size := a.Cost(n) + b.Cost(n/8)
				switch r.IntN(4) {
				case 0:
					ctx, cancel := context.WithCancel(context.Background())
					go cancel()
					if err := mine.Wait(ctx, size); err != nil {
						continue
					}
				case 1:
					asked.Add(1)
					done := make(chan struct{})
					w, err := mine.WhenRoom(size, func() { called.Add(1); close(done) })
					if err != nil {
						t.Error(err)
					}
					if r.IntN(2) == 0 && w.Cancel() {
						asked.Add(-1)
						continue
					}
					<-done
				case 2:
					if _, err := a.Allocate(limit + 1); err == nil {
						t.Error("more than the limit")
					}
					fallthrough
				default:
					if err := mine.Wait(context.Background(), size); err != nil {
						t.Error(err)
					}
				}
				s, err := a.Allocate(n)
				if err != nil {
					t.Errorf("%d bytes of %d that are reserved: %v", n, size, err)
					return
				}
				q, err := b.Allocate(n / 8)
				if err != nil {
					t.Errorf("%d bytes of %d that are reserved: %v", size-n, size, err)
					return
				}
				if now := out.Add(int64(size)); now > limit {
					t.Errorf("%d bytes are out", now)
				}
				if r.IntN(4) == 0 {
					runtime.Gosched()
				}
				served.Add(1)
				out.Add(int64(-size))
				a.Deallocate(s)
				b.Deallocate(q)
			}
		})
	}
	users.Wait()
	if budget.Live() != 0 || called.Load() != asked.Load() || served.Load() == 0 {
		t.Errorf("%d bytes are live; %d functions called of %d; %d served", budget.Live(), called.Load(), asked.Load(), served.Load())
	}
}

// BenchmarkBudget measures a reservation that has room, beside the other way to
// bound something.
func BenchmarkBudget(b *testing.B) {
	ctx := context.Background()
	b.Run("wait", func(b *testing.B) {
		b.ReportAllocs()
		budget := combinators.NewBudget(1 << 20)
		for range b.N {
			if err := budget.Wait(ctx, 1); err != nil {
				b.Fatal(err)
			}
			budget.Unreserve()
		}
	})
	b.Run("peer=channel", func(b *testing.B) {
		b.ReportAllocs()
		slots := make(chan struct{}, 1<<10)
		for range b.N {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
			}
			<-slots
		}
	})
}
