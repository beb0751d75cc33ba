package allocator_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/heirloom-go/heirloom/allocator"
)

// Blocks that end where a page begins that cannot be accessed: a system call
// or C code that writes beyond one ends the program there and then.
func ExampleNewGuardedPages() {
	guarded, err := allocator.NewGuardedPages[byte]()
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, err := allocator.NewPages[byte]()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range []allocator.Allocator[byte]{guarded, plain} {
		buf, err := a.Allocate(100)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(a, "has room beyond what was asked for:", cap(buf) > len(buf))
		a.Deallocate(buf)
	}
	// Output:
	// GuardedPages[uint8] has room beyond what was asked for: false
	// Pages[uint8] has room beyond what was asked for: true
}

func ExamplePages() {
	pages, err := allocator.NewPages[float64]()
	if err != nil {
		fmt.Println(err)
		return
	}
	table, err := pages.Allocate(1 << 20) // 8 MiB that the collector does not see
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pages.Deallocate(table)
	table[1<<20-1] = 1
	fmt.Println(table[0], table[1<<20-1], pages)

	type record struct {
		Size int64
		Name string
	}
	_, err = allocator.NewPages[[2]record]()
	fmt.Println(err)
	// Output:
	// 0 1 Pages[float64]
	// allocator: Pages[[2]allocator_test.record]: the garbage collector would not follow the pointer [2]allocator_test.record[0].Name (string)
}

// newPages returns both kinds.
func newPages[T any](t testing.TB) []*allocator.Pages[T] {
	t.Helper()
	plain, err := allocator.NewPages[T]()
	if err != nil {
		t.Fatal(err)
	}
	guarded, err := allocator.NewGuardedPages[T]()
	if err != nil {
		t.Fatal(err)
	}
	if s, err := plain.Allocate(1); err != nil {
		t.Skipf("no pages on %s: %v", runtime.GOOS, err)
	} else {
		plain.Deallocate(s)
	}
	return []*allocator.Pages[T]{plain, guarded}
}

func TestPages(t *testing.T) {
	testPages[byte](t)
	testPages[uint64](t)
	testPages[[3]uint16](t)
	testPages[[5000]byte](t)
}

func testPages[T any](t *testing.T) {
	t.Helper()
	var zero T
	size := int(unsafe.Sizeof(zero))
	for guarded, a := range newPages[T](t) {
		var live [][]T
		for _, n := range []int{1, 2, 17, 4096, 4097} {
			s, err := a.Allocate(n)
			want := a.GoodSize(n)
			if n == 1 || guarded == 1 {
				want = n
			}
			if err != nil || len(s) != n || cap(s) != want {
				t.Fatalf("%v: Allocate(%d): len %d, cap %d, error %v, want a capacity of %d", a, n, len(s), cap(s), err, want)
			}
			s = s[:cap(s)]
			if uintptr(unsafe.Pointer(&s[0]))%unsafe.Alignof(zero) != 0 {
				t.Errorf("%v: a block starts at %p", a, s)
			}
			contents := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), cap(s)*size)
			if i := slices.IndexFunc(contents, func(b byte) bool { return b != 0 }); i >= 0 {
				t.Fatalf("%v: byte %d of a fresh block is not zero", a, i)
			}
			for i := range contents {
				contents[i] = byte(len(live) + 1)
			}
			live = append(live, s)
			if good := a.GoodSize(n); good < n || good*size < os.Getpagesize()-size {
				t.Errorf("%v: GoodSize(%d) is %d", a, n, good)
			}
		}
		for i, s := range live {
			contents := unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), cap(s)*size)
			if k := slices.IndexFunc(contents, func(b byte) bool { return b != byte(i+1) }); k >= 0 {
				t.Fatalf("%v: byte %d of block %d was overwritten", a, k, i)
			}
			if !a.Owns(s) || cap(s) > 1 && !a.Owns(s[1:]) {
				t.Errorf("%v: does not own its block of %d", a, cap(s))
			}
			a.Deallocate(s[:0])
			if a.Owns(s) {
				t.Errorf("%v: owns a block that was released", a)
			}
		}
		if a.Owns(nil) || a.Owns(make([]T, 1)) {
			t.Errorf("%v: owns an empty or a foreign block", a)
		}
	}
}

func TestPagesSizes(t *testing.T) {
	for _, a := range newPages[[4]uint64](t) {
		for _, n := range hugeSizes() {
			if s, err := a.Allocate(n); s != nil || !errors.Is(err, allocator.ErrTooLarge) {
				t.Errorf("%v: Allocate(%d) is %d values and error %v, want ErrTooLarge", a, n, len(s), err)
			}
		}
		if s, err := a.Allocate(-1); s != nil || !errors.Is(err, allocator.ErrSize) {
			t.Errorf("%v: Allocate(-1) is %d values and error %v, want ErrSize", a, len(s), err)
		}
		s, err := a.Allocate(0)
		if len(s) != 0 || err != nil {
			t.Errorf("%v: Allocate(0) is %d values and error %v", a, len(s), err)
		}
		a.Deallocate(s)
		a.Deallocate(nil)
		if a.GoodSize(0) != 0 || a.GoodSize(-3) != -3 {
			t.Errorf("%v: GoodSize(0) is %d", a, a.GoodSize(0))
		}
	}
}

// The operating system refuses, and nothing was taken.
func TestPagesExhausted(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) == 4 {
		t.Skip("all of the address space can be had")
	}
	size := math.MaxInt >> 18 // 32 TiB
	if runtime.GOOS == "windows" {
		size >>= 5 // Wine takes longer to reserve addresses the more there are
	}
	for _, a := range newPages[byte](t) {
		if s, err := a.Allocate(size); err != nil {
			if !errors.Is(err, allocator.ErrExhausted) {
				t.Errorf("%v: error %v, want ErrExhausted", a, err)
			}
			if allocs := testing.AllocsPerRun(2, func() { a.Allocate(size) }); allocs != 0 {
				t.Errorf("%v: %v allocations a failure", a, allocs)
			}
		} else {
			a.Deallocate(s)
			t.Skipf("%d TiB can be had", uint64(size)>>40)
		}
	}
}

func TestPagesZeroSizeType(t *testing.T) {
	for _, a := range newPages[struct{}](t) {
		s, err := a.Allocate(math.MaxInt)
		if err != nil || len(s) != math.MaxInt || a.GoodSize(7) != 7 || !a.Owns(s) {
			t.Errorf("%v: %d values, error %v", a, len(s), err)
		}
		a.Deallocate(s)
		a.Deallocate(s)
	}
}

func TestPagesMisuse(t *testing.T) {
	for _, a := range newPages[int](t) {
		s, _ := a.Allocate(10)
		for problem, release := range map[string][]int{
			"released with another capacity than it was handed out with":    s[:5:5],
			"released twice, or to an allocator that did not give it":       make([]int, 10),
			"released twice, or to an allocator that did not give it" + " ": s[3:],
		} {
			e := misuse(func() { a.Deallocate(release) })
			if e == nil || !strings.HasPrefix(e.Problem, strings.TrimSpace(problem)) || !strings.Contains(e.Problem, "allocator.Append") || e.Allocator != a.String() {
				t.Errorf("%v: panic is %v, want one that says %s", a, e, problem)
			}
		}
		a.Deallocate(s)
		if misuse(func() { a.Deallocate(s) }) == nil {
			t.Errorf("%v: a block was released twice", a)
		}
	}
}

// faults reports whether f touches memory that cannot be used.
func faults(f func()) (fault bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if err, ok := recover().(runtime.Error); ok {
			_, fault = err.(interface{ Addr() uintptr })
		}
	}()
	f()
	return false
}

func TestPagesFault(t *testing.T) {
	if addressSanitizer {
		t.Skip("the address sanitizer ends the program at a fault")
	}
	at := func(s []byte, i int) func() {
		return func() { *(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), i))++ }
	}
	both := newPages[byte](t)
	for _, a := range both {
		s, err := a.Allocate(5000)
		if err != nil {
			t.Fatal(err)
		}
		if faults(at(s, 0)) || faults(at(s, 4999)) {
			t.Errorf("%v: a block cannot be used", a)
		}
		if a == both[1] {
			page := os.Getpagesize()
			rounded := (5000 + page - 1) / page * page
			if !faults(at(s, 5000)) || !faults(at(s, 5000-rounded-1)) {
				t.Errorf("%v: a write beyond a block is no fault", a)
			}
		}
		a.Deallocate(s)
		if !faults(at(s, 100)) {
			t.Errorf("%v: a use after the release is no fault", a)
		}
	}
}

func TestPagesReset(t *testing.T) {
	for _, a := range newPages[int](t) {
		var blocks [][]int
		for range 10 {
			s, _ := a.Allocate(1000)
			blocks = append(blocks, s)
		}
		a.Deallocate(blocks[4])
		r, ok := allocator.AsResetter(a)
		if !ok {
			t.Fatalf("%v: cannot be reset", a)
		}
		r.Reset()
		for _, s := range blocks {
			if a.Owns(s) {
				t.Errorf("%v: owns a block of before the Reset", a)
			}
		}
		r.Reset()
		s, err := a.Allocate(1000)
		if err != nil {
			t.Fatal(err)
		}
		a.Deallocate(s)
	}
}

func TestPagesByManyGoroutines(t *testing.T) {
	for _, a := range newPages[int](t) {
		var users sync.WaitGroup
		for id := range 4 {
			users.Go(func() {
				for i := range 100 {
					s, err := a.Allocate(1 + i*13%2000)
					if err != nil {
						t.Error(err)
						return
					}
					s[0], s[len(s)-1] = id, id
					if !a.Owns(s) || s[0] != id {
						t.Errorf("%v: a block is not its owner's", a)
					}
					a.Deallocate(s)
				}
			})
		}
		users.Wait()
	}
}

var liveBytes = flag.Int("pages.bytes", 64<<20, "how many bytes BenchmarkPagesCollection keeps live")

// BenchmarkPagesCollection measures a garbage collection while so many bytes
// are live, in blocks of 4 KiB: none, those of Pages, and those of make with and
// without pointers.
func BenchmarkPagesCollection(b *testing.B) {
	const block = 4096
	collect := func(b *testing.B) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.ResetTimer()
		for range b.N {
			runtime.GC()
		}
		b.StopTimer()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.PauseTotalNs-before.PauseTotalNs)/float64(b.N), "pause-ns/op")
		b.ReportMetric(float64(after.HeapAlloc)/(1<<20), "heap-MiB")
	}
	b.Run("live=none", collect)
	b.Run("live=pages", func(b *testing.B) {
		a, err := allocator.NewPages[byte]()
		if err != nil {
			b.Fatal(err)
		}
		// One block of the operating system, and the blocks are parts of it,
		// linked by where they start in it.
		s, err := a.Allocate(*liveBytes / block * block)
		if err != nil {
			b.Skip(err)
		}
		defer a.Deallocate(s)
		for i := 0; i < len(s); i += block {
			*(*uint64)(unsafe.Pointer(&s[i])) = uint64(i + block)
		}
		collect(b)
	})
	b.Run("live=make", func(b *testing.B) {
		type node struct {
			next *node
			_    [block - unsafe.Sizeof(uintptr(0))]byte
		}
		var first *node
		for range *liveBytes / block {
			n := new(node)
			n.next, first = first, n
		}
		collect(b)
		runtime.KeepAlive(first)
	})
	b.Run("live=make,noscan", func(b *testing.B) {
		blocks := make([][]byte, *liveBytes/block)
		for i := range blocks {
			blocks[i] = make([]byte, block)
			blocks[i][0] = 1
		}
		collect(b)
		runtime.KeepAlive(blocks)
	})
}

func BenchmarkPages(b *testing.B) {
	for _, a := range newPages[byte](b) {
		b.Run(a.String(), func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				s, err := a.Allocate(64 << 10)
				if err != nil {
					b.Fatal(err)
				}
				s[0] = 1
				a.Deallocate(s)
			}
		})
	}
	b.Run("peer=make", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			sink = make([]byte, 64<<10)
			sink[0] = 1
		}
	})
}

var sink []byte

// What a block of pages costs does not grow with the number of live ones.
func BenchmarkPagesLive(b *testing.B) {
	for _, live := range []int{100, 5000, 20000} {
		b.Run(fmt.Sprintf("live=%d", live), func(b *testing.B) {
			a, err := allocator.NewPages[byte]()
			if err != nil {
				b.Fatal(err)
			}
			defer a.Reset()
			for range live {
				if _, err := a.Allocate(4096); err != nil {
					b.Skip(err)
				}
			}
			for b.Loop() {
				s, err := a.Allocate(4096)
				if err != nil {
					b.Skip(err)
				}
				a.Deallocate(s)
			}
		})
	}
}
