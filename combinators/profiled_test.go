package combinators_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/proptest"
)

// A server writes a profile of who holds its buffers, on request.
func ExampleProfiled() {
	buffers := combinators.NewProfiled(combinators.NewRecycling(allocator.Heap[byte]{}, 1<<20))
	buffers.Rate = 1 // each of them; a busy server leaves it as it is

	request, _ := buffers.Allocate(4096)
	defer buffers.Deallocate(request)

	f, err := os.CreateTemp("", "buffers-*.pb.gz") // or the answer to an HTTP request
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	n, err := buffers.WriteTo(f)
	fmt.Println("written:", n > 0, err)
	// $ go tool pprof -top buffers-1.pb.gz
	fmt.Println(buffers)
	// Output:
	// written: true <nil>
	// Profiled(Recycling(Heap[uint8], 1048576))
}

// figures are the four values of a sample: blocks and bytes handed out so far,
// and those that are live.
type figures [4]int64

// profileOf reads the profile that a has: the figures of each function that asks
// for blocks.
func profileOf(t testing.TB, a io.WriterTo) map[string]figures {
	t.Helper()
	profile := fieldsOf(t, writtenBy(t, a))
	text := func(n uint64) string { return string(profile[6][n].data) }
	if text(0) != "" {
		t.Errorf("the first string is %q; the format wants the empty one", text(0))
	}
	var types []string
	for _, f := range profile[1] {
		m := fieldsOf(t, f.data)
		types = append(types, text(m[1][0].number)+"/"+text(m[2][0].number))
	}
	if diff := cmp.Diff([]string{"alloc_objects/count", "alloc_space/bytes", "inuse_objects/count", "inuse_space/bytes"}, types); diff != "" {
		t.Fatalf("types of samples (-want +got):\n%s", diff)
	}
	period := fieldsOf(t, profile[11][0].data)
	if got := text(period[1][0].number) + "/" + text(period[2][0].number); got != "space/bytes" {
		t.Errorf("the period is in %s, want space/bytes", got)
	}
	if got := text(profile[14][0].number); got != "inuse_space" {
		t.Errorf("pprof shows %s first, want inuse_space", got)
	}
	names := map[uint64]string{} // by the number of the function
	for _, f := range profile[5] {
		function := fieldsOf(t, f.data)
		id, name, file := function[1][0].number, text(function[2][0].number), text(function[4][0].number)
		if names[id] != "" || id == 0 {
			t.Errorf("%s has number %d, which is 0 or that of another function", name, id)
		}
		if system := text(function[3][0].number); system != name {
			t.Errorf("the system's name of %s is %s", name, system)
		}
		if filepath.Ext(file) != ".go" && filepath.Ext(file) != ".s" {
			t.Errorf("%s is in the file %q", name, file)
		}
		names[id] = name
	}
	functions := map[uint64]string{} // by location
	for _, f := range profile[4] {
		l := fieldsOf(t, f.data)
		line := fieldsOf(t, l[4][0].data)
		id, name := l[1][0].number, names[line[1][0].number]
		if functions[id] != "" || id == 0 {
			t.Errorf("a location in %s has number %d, which is 0 or that of another one", name, id)
		}
		if line[2][0].number == 0 {
			t.Errorf("a location in %s has no line", name)
		}
		functions[id] = name
	}
	found := map[string]figures{}
	for _, f := range profile[2] {
		s := fieldsOf(t, f.data)
		ids, values := numbersOf(t, s[1][0].data), numbersOf(t, s[2][0].data)
		name := functions[ids[0]]
		sum := found[name]
		for i, v := range values {
			sum[i] += int64(v)
		}
		found[name] = sum
	}
	return found
}

// writtenBy returns the profile that a writes, uncompressed.
func writtenBy(t testing.TB, a io.WriterTo) []byte {
	t.Helper()
	var written bytes.Buffer
	n, err := a.WriteTo(&written)
	if err != nil || n != int64(written.Len()) {
		t.Fatalf("WriteTo: %d of %d bytes, %v", n, written.Len(), err)
	}
	r, err := gzip.NewReader(&written)
	if err != nil {
		t.Fatal(err)
	}
	message, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

type field struct {
	number uint64
	data   []byte
}

// fieldsOf reads a protocol buffer.
func fieldsOf(t testing.TB, message []byte) map[int][]field {
	t.Helper()
	all := map[int][]field{}
	for len(message) != 0 {
		tag, n := binary.Uvarint(message)
		message = message[n:]
		f := field{}
		f.number, n = binary.Uvarint(message)
		message = message[n:]
		if tag&7 == 2 {
			f.data, message = message[:f.number], message[f.number:]
		}
		all[int(tag>>3)] = append(all[int(tag>>3)], f)
	}
	return all
}

func numbersOf(t testing.TB, data []byte) (all []uint64) {
	for len(data) != 0 {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			t.Fatal("a number has no end")
		}
		all = append(all, v)
		data = data[n:]
	}
	return all
}

// Two places that ask for blocks.
//
//go:noinline
func readRequest(t testing.TB, a allocator.Allocator[byte], n int) []byte {
	s, err := a.Allocate(n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

//go:noinline
func writeAnswer(t testing.TB, a allocator.Allocator[byte], n int) []byte {
	s, err := a.Allocate(n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const here = "github.com/heirloom-go/heirloom/combinators_test."

func TestProfiledFigures(t *testing.T) {
	parent := newCapableSource[byte](t)
	parent.limit = 10000
	profiled := combinators.NewProfiled(parent)
	profiled.Rate = 1
	a := combinators.NewStats[byte](profiled) // whose frames are left out
	var first, second []byte
	for _, step := range []struct {
		name string
		do   func()
		want map[string]figures
	}{
		{"new", func() {}, map[string]figures{}},
		{"one", func() { first = writeAnswer(t, a, 128) }, map[string]figures{here + "writeAnswer": {1, 128, 1, 128}}},
		{"two", func() { second = writeAnswer(t, a, 50) }, map[string]figures{here + "writeAnswer": {2, 178, 2, 178}}},
		{"nothing", func() { a.Deallocate(writeAnswer(t, a, 0)) }, map[string]figures{here + "writeAnswer": {2, 178, 2, 178}}},
		{"failure", func() { a.Allocate(20000) }, map[string]figures{here + "writeAnswer": {2, 178, 2, 178}}},
		{"release", func() { a.Deallocate(first) }, map[string]figures{here + "writeAnswer": {2, 178, 1, 50}}},
		{"shrink", func() { second, _ = a.Resize(second, 20) }, map[string]figures{here + "writeAnswer": {2, 178, 1, 20}}},
		{"another place", func() { readRequest(t, a, 10) },
			map[string]figures{here + "writeAnswer": {2, 178, 1, 20}, here + "readRequest": {1, 10, 1, 10}}},
		{"reset", a.Reset,
			map[string]figures{here + "writeAnswer": {2, 178, 0, 0}, here + "readRequest": {1, 10, 0, 0}}},
	} {
		step.do()
		if diff := cmp.Diff(step.want, profileOf(t, profiled)); diff != "" {
			t.Fatalf("after %q (-want +got):\n%s", step.name, diff)
		}
	}
}

// Blocks are released in any order, and some never; the storage of those is
// handed out again, and then the profile has the next one.
func TestProfiledAnyOrder(t *testing.T) {
	slot := combinators.NewRegion(heap[byte](), 1000)
	profiled := combinators.NewProfiled[byte](slot)
	profiled.Rate = 1
	var blocks [][]byte
	for range 100 {
		blocks = append(blocks, writeAnswer(t, profiled, 10))
	}
	for i := range blocks {
		profiled.Deallocate(blocks[i*37%100])
	}
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got != (figures{100, 1000, 0, 0}) {
		t.Errorf("figures are %v after the release of all", got)
	}
	for range 5 {
		slot.Reset() // behind its back: the block before is lost
		writeAnswer(t, profiled, 10)
	}
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got != (figures{105, 1050, 1, 10}) {
		t.Errorf("figures are %v with one block live and four lost in the same storage", got)
	}
}

// The figures are those of all blocks, whether they are sampled or not.
func TestProfiledSamples(t *testing.T) {
	for _, c := range []struct{ size, rate int }{{16, 10000}, {1024, 10000}, {5120, 10000}, {98304, 10000}, {1, 2}} {
		size := c.size
		profiled := combinators.NewProfiled(combinators.NewRecycling(heap[byte](), 50*size))
		profiled.Rate = c.rate
		const count = 20000
		var live [][]byte
		for i := range count {
			s := writeAnswer(t, profiled, size)
			if i%2 == 0 {
				live = append(live, s)
			} else {
				profiled.Deallocate(s)
			}
			if len(live) == 50 {
				for _, s := range live {
					profiled.Deallocate(s)
				}
				live = live[:0]
			}
		}
		got := profileOf(t, profiled)[here+"writeAnswer"]
		samples := count * -math.Expm1(-float64(size)/float64(c.rate))
		tolerance := 5 / math.Sqrt(samples) // five standard deviations
		if off := math.Abs(float64(got[0])/count - 1); off > tolerance {
			t.Errorf("%d blocks of %d bytes count as %d: %.1f %% off, and %.1f %% is chance", count, size, got[0], 100*off, 100*tolerance)
		}
		if off := math.Abs(float64(got[1])/(count*float64(size)) - 1); off > tolerance {
			t.Errorf("%d blocks of %d bytes count as %d bytes", count, size, got[1])
		}
		if got[2] != 0 || got[3] != 0 {
			t.Errorf("all are released, and %d with %d bytes count as live", got[2], got[3])
		}
	}
}

// The first block of all is sampled as often as any other of its size.
func TestProfiledFirstBlock(t *testing.T) {
	const count = 2000
	sampled := 0
	for range count {
		profiled := combinators.NewProfiled(heap[byte]())
		profiled.Rate = 2
		writeAnswer(t, profiled, 1)
		sampled += profiled.Samples()
	}
	want := count * -math.Expm1(-0.5)
	if tolerance := 5 * math.Sqrt(want); math.Abs(float64(sampled)-want) > tolerance { // more than five standard deviations
		t.Errorf("%d of %d are sampled, want %.0f, and %.0f is chance", sampled, count, want, tolerance)
	}
}

// With a rate of 1 the figures are exact, for the smallest block, too.
func TestProfiledEachBlock(t *testing.T) {
	profiled := combinators.NewProfiled(heap[byte]())
	profiled.Rate = 1
	var live [][]byte
	for range 200 {
		live = append(live, writeAnswer(t, profiled, 1))
	}
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got != (figures{200, 200, 200, 200}) {
		t.Errorf("figures of 200 blocks of a byte are %v", got)
	}
	for _, s := range live {
		profiled.Deallocate(s)
	}
	if profiled.Samples() != 0 {
		t.Errorf("%d samples are left after the release of all", profiled.Samples())
	}
}

//go:noinline
func newAnswer(t testing.TB, a allocator.Allocator[byte]) *byte {
	p, err := allocator.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Functions of package allocator are not the place that asks.
func TestProfiledLeavesOutAllocator(t *testing.T) {
	profiled := combinators.NewProfiled(heap[byte]())
	profiled.Rate = 1
	newAnswer(t, profiled)
	if diff := cmp.Diff(map[string]figures{here + "newAnswer": {1, 1, 1, 1}}, profileOf(t, profiled)); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
}

// The period of a profile is its rate, and 0 if nothing is sampled.
func TestProfiledPeriod(t *testing.T) {
	for rate, want := range map[int]uint64{-1: 0, 0: 0, 1: 1, 512 << 10: 512 << 10} {
		profiled := combinators.NewProfiled(heap[byte]())
		profiled.Rate = rate
		if got := fieldsOf(t, writtenBy(t, profiled))[12]; len(got) != 1 || got[0].number != want {
			t.Errorf("with a rate of %d the period is %v, want %d", rate, got, want)
		}
	}
}

func TestProfiledWithoutRate(t *testing.T) {
	profiled := combinators.NewProfiled(heap[byte]())
	profiled.Rate = 0
	for range 1000 {
		writeAnswer(t, profiled, 1000)
	}
	if got := profileOf(t, profiled); len(got) != 0 {
		t.Errorf("the profile has %v", got)
	}
	wantPanic(t, "combinators: NewProfiled: the parent is nil", func() { combinators.NewProfiled[int](nil) })
}

// What a parent refuses to take back is still live, and what it does not hand
// out because it panics never was.
func TestProfiledParentPanics(t *testing.T) {
	parent := &reluctant[byte]{Allocator: heap[byte]()}
	profiled := combinators.NewProfiled[byte](parent)
	profiled.Rate = 1
	s := writeAnswer(t, profiled, 10)
	parent.refuses = true
	wantPanic(t, "refused", func() { profiled.Deallocate(s) })
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got != (figures{1, 10, 1, 10}) {
		t.Errorf("figures are %v after a release that was refused", got)
	}
	parent.refuses = false
	profiled.Deallocate(s)
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got != (figures{1, 10, 0, 0}) {
		t.Errorf("figures are %v after the release", got)
	}
	failing := combinators.NewProfiled[byte](&panicsAt[byte]{Allocator: heap[byte](), at: 1})
	failing.Rate = 1
	wantPanic(t, "third", func() { failing.Allocate(1) })
	if got := profileOf(t, failing); len(got) != 0 {
		t.Errorf("the profile has %v after a request that has panicked", got)
	}
}

// handover is a parent whose storage another goroutine has before a release returns.
type handover struct {
	allocator.Allocator[byte]
	block    []byte
	released func()
}

func (p *handover) Allocate(int) ([]byte, error) { return p.block, nil }
func (p *handover) Deallocate([]byte)            { p.released() }

// The sample of a block is not taken for that of the next one in its place.
func TestProfiledStorageOfAnother(t *testing.T) {
	parent := &handover{block: make([]byte, 10)}
	profiled := combinators.NewProfiled[byte](parent)
	profiled.Rate = 1
	var next []byte
	parent.released = func() { next = writeAnswer(t, profiled, 10) }
	profiled.Deallocate(writeAnswer(t, profiled, 10))
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got != (figures{2, 20, 1, 10}) {
		t.Errorf("figures are %v, want two blocks of which one is live", got)
	}
	runtime.KeepAlive(next)
}

// A profile does not keep a block that is lost.
func TestProfiledForgetsWhatIsLost(t *testing.T) {
	profiled := combinators.NewProfiled(heap[element]())
	profiled.Rate = 1
	collected := make(chan struct{})
	func() {
		runtime.AddCleanup(&take(t, profiled, 1)[0], func(c chan struct{}) { close(c) }, collected)
	}()
	awaitCollected(t, collected)
	runtime.KeepAlive(profiled)
}

// What pprof itself reads.
func TestProfiledIsReadByPprof(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil || testing.Short() {
		t.Skip("takes go tool pprof")
	}
	profiled := combinators.NewProfiled(heap[byte]())
	profiled.Rate = 1
	var live [][]byte
	for range 3 {
		live = append(live, writeAnswer(t, profiled, 1<<20))
	}
	profiled.Deallocate(writeAnswer(t, profiled, 1<<20))
	defer runtime.KeepAlive(live) // or the fourth may have the storage of a lost one
	name := filepath.Join(t.TempDir(), "buffers.pb.gz")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := profiled.WriteTo(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for index, want := range map[string]string{"": "3MB", "inuse_objects": "3", "alloc_objects": "4", "alloc_space": "4MB"} {
		args := []string{"tool", "pprof", "-top"}
		if index != "" {
			args = append(args, "-sample_index="+index)
		}
		out, err := exec.Command(tool, append(args, name)...).CombinedOutput()
		if err != nil && strings.Contains(string(out), "no such tool") {
			t.Skip(string(out))
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		line := regexp.MustCompile(`(?m)^ +(\S+) +100%.*combinators_test\.writeAnswer$`).FindSubmatch(out)
		if line == nil || string(line[1]) != want {
			t.Errorf("pprof %s does not find %s in writeAnswer:\n%s", index, want, out)
		}
	}
}

func TestProfiledWriteFails(t *testing.T) {
	profiled := combinators.NewProfiled(heap[byte]())
	full := errors.New("disk full")
	if _, err := profiled.WriteTo(failingWriter{full}); !errors.Is(err, full) {
		t.Errorf("error %v, want the writer's", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestProfiledAllocatesNothing(t *testing.T) {
	for _, rate := range []int{1, 100, 512 << 10} {
		profiled := combinators.NewProfiled(combinators.NewRecycling(heap[byte](), 1<<16))
		profiled.Rate = rate
		var blocks [20][]byte
		if allocs := testing.AllocsPerRun(500, func() {
			for i := range blocks {
				blocks[i], _ = profiled.Allocate(1 + 10*i)
			}
			for _, s := range blocks {
				profiled.Deallocate(s)
			}
		}); allocs != 0 {
			t.Errorf("with a rate of %d: %v allocations a run", rate, allocs)
		}
	}
}

// Blocks pass from one goroutine to another while profiles are written.
func TestProfiledByManyGoroutines(t *testing.T) {
	profiled := combinators.NewProfiled[byte](combinators.NewSharded(heap[byte](), 1<<16))
	profiled.Rate = 2000
	pass := make(chan []byte, 16)
	var users, reader sync.WaitGroup
	stop := make(chan struct{})
	reader.Go(func() {
		for {
			if _, err := profiled.WriteTo(io.Discard); err != nil {
				t.Error(err)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	for id := range 4 {
		users.Go(func() {
			for i := range 2000 {
				s := writeAnswer(t, profiled, 1+(i+id)*37%500)
				select {
				case pass <- s:
				case other := <-pass:
					profiled.Deallocate(other)
					profiled.Deallocate(s)
				}
			}
		})
	}
	users.Wait()
	close(pass)
	for s := range pass {
		profiled.Deallocate(s)
	}
	close(stop)
	reader.Wait()
	if got := profileOf(t, profiled)[here+"writeAnswer"]; got[2] != 0 || got[3] != 0 || got[0] == 0 {
		t.Errorf("figures are %v after the release of all", got)
	}
}

func newProfiled[T any](parent allocator.Allocator[T]) allocator.Allocator[T] {
	a := combinators.NewProfiled(parent)
	a.Rate = 64
	return a
}

func TestProfiledConforms(t *testing.T) {
	claims := proptest.Claims{SafeAsParent: true, SteadyState: true}
	t.Run("string", func(t *testing.T) { proptest.Conform(t, newProfiled[string], claims) })
	t.Run("Padded", func(t *testing.T) { proptest.Conform(t, newProfiled[proptest.Padded], claims) })
}

func BenchmarkProfiled(b *testing.B) {
	off := combinators.NewProfiled(new(combinators.SingleSlot[element]))
	off.Rate = 0
	each := combinators.NewProfiled(new(combinators.SingleSlot[element]))
	each.Rate = 1
	benchmarkPair(b, "interface", combinators.NewProfiled(new(combinators.SingleSlot[element])))
	benchmarkPair(b, "rate=0", off)
	benchmarkPair(b, "rate=1", each)
	benchmarkPair(b, "unprofiled", new(combinators.SingleSlot[element]))
	benchmarkPair(b, "peer=Stats", combinators.NewStats(new(combinators.SingleSlot[element])))
}
