package platform_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// patience is how long a test waits for what should come at once, before it
// fails and says what it waited for.
const patience = 30 * time.Second

// A mode is a way to make and run a proactor.
type mode struct {
	backend string
	runners int    // 0 for one that was promised to be alone
	receive string // how a stream is read from, or empty: as the backend chooses
}

func (m mode) String() string {
	name := m.backend + "/single"
	if m.runners > 0 {
		name = fmt.Sprintf("%s/%d-runners", m.backend, m.runners)
	}
	if m.receive != "" {
		name += "/" + m.receive
	}
	return name
}

// receiveModes are further modes of the backends that have several ways to read a
// stream, and forceReceive has what is opened next use one of them.
var (
	receiveModes = map[string][]mode{}
	forceReceive = func(string) (restore func()) { return func() {} }
)

// modesFlag chooses modes: one is much quicker than all, and finds most faults.
var modesFlag = flag.String("modes", "", "try only the `modes` whose name matches this regular expression, such as portable/single")

func modes() (all []mode) {
	for _, b := range platform.Backends() {
		all = append(all, mode{backend: b}, mode{backend: b, runners: 3})
		all = append(all, receiveModes[b]...)
	}
	chosen := chosenModes(all)
	if len(chosen)+len(chosenModes(fakeRings)) == 0 {
		panic(fmt.Sprintf("-modes=%s matches none of %v %v", *modesFlag, all, fakeRings))
	}
	return chosen
}

// chosenModes returns those of all that -modes chooses.
func chosenModes(all []mode) []mode {
	only := regexp.MustCompile(*modesFlag)
	return slices.DeleteFunc(slices.Clone(all), func(m mode) bool { return !only.MatchString(m.String()) })
}

// fakeRings are modes of the backend for io_uring over a ring that is not the kernel's, and
// draws whatever that leaves open. They take time, so only tests have them in which what a
// kernel chooses may make a difference.
var fakeRings []mode

// modesAndFakes returns both.
func modesAndFakes() []mode { return append(modes(), chosenModes(fakeRings)...) }

// nextSeed returns the seed of the fake ring that is made next.
var nextSeed func() uint64

// eachAndFakes is each, and runs the test on fake rings, too.
func eachAndFakes(t *testing.T, test func(*testing.T, *world)) {
	for _, m := range modesAndFakes() {
		t.Run(m.String(), func(t *testing.T) { test(t, m.open(t)) })
	}
}

// each runs a test on every backend, with a single runner and with several.
func each(t *testing.T, test func(*testing.T, *world)) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) { test(t, m.open(t)) })
	}
}

// A world is a proactor in a test.
type world struct {
	*platform.Proactor
	mode
	t *testing.T
}

func (m mode) open(t *testing.T, options ...platform.Option) *world {
	t.Helper()
	options = append(options, platform.WithBackend(m.backend))
	if m.runners == 0 {
		options = append(options, platform.SingleRunner())
	}
	defer forceReceive(m.receive)()
	if slices.ContainsFunc(fakeRings, func(f mode) bool { return f.backend == m.backend }) {
		t.Logf("the ring draws by a seed: -fakerings.seed=%d", nextSeed())
	}
	p, err := platform.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{p, m, t}
	t.Cleanup(func() { w.within("Close", func() { p.Close() }) })
	return w
}

// on returns the world for a subtest.
func (w *world) on(t *testing.T) *world { return &world{w.Proactor, w.mode, t} }

// within fails the test, with all goroutines in the log, if f does not return.
func (w *world) within(what string, f func()) {
	w.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(patience):
		w.hung(what)
	}
}

func (w *world) hung(what string) {
	w.t.Helper()
	w.t.Fatalf("%s has not returned for %v\n%s", what, patience, stacks())
}

// stacks returns where all goroutines are.
func stacks() string {
	var all strings.Builder
	pprof.Lookup("goroutine").WriteTo(&all, 1)
	return all.String()
}

// noneLeft fails the test if goroutines of a closed proactor do not end. One that
// watched a context may be told to end only as its Run returns.
func noneLeft(t *testing.T) {
	t.Helper()
	left := stacks()
	for end := time.Now().Add(patience); strings.Contains(left, "platform.(*"); left = stacks() {
		if time.Now().After(end) {
			t.Fatalf("goroutines of a closed proactor are left:\n%s", left)
		}
		runtime.Gosched()
	}
}

// run has the world's runners run the proactor until one returns, which must be
// without error. (A runner that comes after the others were stopped is not
// stopped, so it is told when they are.)
func (w *world) run() {
	w.t.Helper()
	if err := w.runErr(); err != nil {
		w.t.Fatalf("Run: %v", err)
	}
}

func (w *world) runErr() error {
	w.t.Helper()
	late, cancelLate := context.WithTimeout(context.Background(), patience)
	defer cancelLate()
	ctx, cancel := context.WithCancel(late)
	defer cancel()
	errs := make([]error, max(1, w.runners))
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			defer cancel()
			if errs[i] = w.Run(ctx); errs[i] == context.Canceled {
				errs[i] = nil
			}
		})
	}
	all.Wait()
	if late.Err() != nil {
		w.hung("Run")
	}
	return errors.Join(errs...)
}

// await runs the proactor until the handler was called.
func (w *world) await(results ...*result) {
	w.t.Helper()
	end := time.Now().Add(patience)
	for _, r := range results {
		for r.calls == 0 {
			if time.Now().After(end) {
				w.hung("a handler")
			}
			r.stop = w.Stop
			w.run()
		}
	}
}

// A result is a handler that keeps what it is told.
type result struct {
	calls int
	n     int
	err   error
	stop  func()
	then  func() // called last
}

func (r *result) Complete(n int, err error) {
	r.calls++
	r.n, r.err = n, err
	if r.stop != nil {
		r.stop()
	}
	if r.then != nil {
		r.then()
	}
}

// later checks that the handler was not called yet.
func (r *result) later(t *testing.T) {
	t.Helper()
	if r.calls != 0 {
		t.Fatalf("the handler was called too early, with (%d, %v)", r.n, r.err)
	}
}

// want checks that the handler was told once, of n and err.
func (r *result) want(t *testing.T, n int, err error) {
	t.Helper()
	if r.calls != 1 || r.n != n || !errors.Is(r.err, err) {
		t.Fatalf("the handler was called %d times, last with (%d, %v); want once with (%d, %v)", r.calls, r.n, r.err, n, err)
	}
}

// listen opens a listener that is closed with the test.
func (w *world) listen(network, address string) *platform.Listener {
	w.t.Helper()
	l, err := w.Listen(network, address)
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// pair returns two ends of a TCP connection.
func (w *world) pair() (a, b *platform.Conn) {
	w.t.Helper()
	a, b = new(platform.Conn), new(platform.Conn)
	w.join(a, b)
	return a, b
}

// join makes two connections the ends of one.
func (w *world) join(a, b *platform.Conn) {
	w.t.Helper()
	l := w.listen("tcp", "127.0.0.1:0")
	defer l.Close()
	var accepted, connected result
	l.Accept(a, &accepted)
	w.Connect(b, "tcp", l.Addr().String(), &connected)
	w.await(&accepted, &connected)
	accepted.want(w.t, 0, nil)
	connected.want(w.t, 0, nil)
}

// peer returns a connection whose other end is one of package net.
func (w *world) peer() (*platform.Conn, *net.TCPConn) {
	w.t.Helper()
	l := w.listen("tcp", "127.0.0.1:0")
	defer l.Close()
	other, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	other.SetDeadline(time.Now().Add(patience))
	w.t.Cleanup(func() { other.Close() })
	c := new(platform.Conn)
	var accepted result
	l.Accept(c, &accepted)
	w.await(&accepted)
	accepted.want(w.t, 0, nil)
	return c, other.(*net.TCPConn)
}

// counting is an allocator that knows how many of its blocks are alive, and
// fails when told to.
type counting struct {
	mu    sync.Mutex
	live  map[*ops.Operation]bool
	total int
	fail  bool
	bad   []string
}

func (a *counting) Allocate(n int) ([]ops.Operation, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail {
		return nil, allocator.ErrExhausted
	}
	s, err := allocator.Heap[ops.Operation]{}.Allocate(n)
	if err == nil {
		if a.live == nil {
			a.live = make(map[*ops.Operation]bool)
		}
		a.live[&s[0]] = true
		a.total++
	}
	return s, err
}

func (a *counting) Deallocate(s []ops.Operation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.live[&s[0]] || cap(s) != 1 {
		a.bad = append(a.bad, fmt.Sprintf("block %p was released and is not alive", &s[0]))
	}
	delete(a.live, &s[0])
	allocator.Heap[ops.Operation]{}.Deallocate(s)
}

func (a *counting) exhaust(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = yes
}

// alive returns the number of blocks that are handed out.
func (a *counting) alive() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.live)
}

// check fails the test unless each block was released once.
func (a *counting) check(t *testing.T) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, problem := range a.bad {
		t.Error(problem)
	}
	if len(a.live) != 0 {
		t.Errorf("%d of %d blocks were not released", len(a.live), a.total)
	}
}

// mustPanic checks that f panics with a text that has want in it.
func mustPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one that says %q", got, want)
		}
	}()
	f()
}

// socketPath returns a path for a unix socket. It is short: a system allows hardly more than
// 100 bytes, of which that of a t.TempDir may take most.
func socketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}
