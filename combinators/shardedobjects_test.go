package combinators_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heirloom-go/heirloom/combinators"
)

// newCompressor makes a compressor, which has tables of some hundred kilobytes.
func newCompressor() *gzip.Writer {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		return nil // the level is a wrong one
	}
	return w
}

// The handlers of a server compress their answers at the same time.
func ExampleShardedObjects() {
	compressors := combinators.NewShardedObjects(newCompressor, 64)
	compressors.OnPut = func(w *gzip.Writer) bool {
		w.Reset(nil) // do not keep the answer
		return true
	}
	var handlers sync.WaitGroup
	var bytesOut atomic.Int64
	for range 4 {
		handlers.Go(func() {
			for range 10 {
				var answer bytes.Buffer
				w := compressors.Get()
				w.Reset(&answer)
				w.Write(make([]byte, 10000))
				w.Close()
				compressors.Put(w)
				bytesOut.Add(int64(answer.Len()))
			}
		})
	}
	handlers.Wait()
	fmt.Println("compressed:", bytesOut.Load() < 40*10000/10)
	fmt.Println(compressors)
	// Output:
	// compressed: true
	// ShardedObjects(combinators_test.newCompressor, 64)
}

// Each value is in one place at a time, whatever many goroutines do, and no
// more than the limit are kept.
func TestShardedObjectsByManyGoroutines(t *testing.T) {
	for _, limit := range []int{0, 1, 3, 8, 100} {
		var made, dropped atomic.Int64
		o := combinators.NewShardedObjects(func() *worker { made.Add(1); return new(worker) }, limit)
		o.OnDrop = func(*worker) { dropped.Add(1) }
		var users sync.WaitGroup
		for id := range 6 {
			users.Go(func() {
				var mine []*worker
				for i := range 3000 {
					if len(mine) < 1+(i+id)%7 {
						w := o.Get()
						w.id = id // a race if another one has it too
						mine = append(mine, w)
						continue
					}
					last := len(mine) - 1
					if mine[last].id != id {
						t.Errorf("goroutine %d has a value of goroutine %d", id, mine[last].id)
					}
					o.Put(mine[last])
					mine = mine[:last]
				}
				for _, w := range mine {
					o.Put(w)
				}
			})
		}
		users.Wait()
		if kept := made.Load() - dropped.Load(); kept > int64(limit) || limit == 100 && made.Load() > 100 {
			t.Errorf("limit %d: %d were constructed, %d are kept", limit, made.Load(), kept)
		}
		o.Trim()
		if made.Load() != dropped.Load() {
			t.Errorf("limit %d: %d of %d were dropped after Trim", limit, dropped.Load(), made.Load())
		}
	}
}

// There are at least four shards for each processor. One goroutine uses one of them, and the
// places of the others stay free.
func TestShardedObjectsShards(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for limit, shards := range map[int]int{1000: 32, 16: 8} { // no more than half of the limit
		dropped := 0
		o := combinators.NewShardedObjects(func() *worker { return new(worker) }, limit)
		o.OnDrop = func(*worker) { dropped++ }
		for range 2 {
			dropped = 0
			for range limit {
				o.Put(new(worker))
			}
			// or a few less, if the stack moves
			if dropped < shards-4 || dropped > shards-1 {
				t.Errorf("%d of %d values are dropped, want %d", dropped, limit, shards-1)
			}
			o.Trim()
		}
	}
}

// A value that is handed out is its user's alone: one that its user loses is collected.
func TestShardedObjectsForgetWhatTheyHandOut(t *testing.T) {
	const count = 10
	o := combinators.NewShardedObjects(func() *element { return new(element) }, 100)
	var collected sync.WaitGroup
	collected.Add(count)
	func() {
		for range count {
			v := new(element)
			runtime.AddCleanup(v, func(wg *sync.WaitGroup) { wg.Done() }, &collected)
			o.Put(v)
		}
		for range count {
			o.Get()
		}
	}()
	lost := make(chan struct{})
	go func() {
		collected.Wait()
		close(lost)
	}()
	awaitCollected(t, lost)
	runtime.KeepAlive(o)
}

// Trim gives up the lists of the values as well.
func TestShardedObjectsTrimDropsItsLists(t *testing.T) {
	const count = 1 << 15
	o := combinators.NewShardedObjects(func() *worker { return new(worker) }, count)
	before := bytesInUse()
	for range count {
		o.Put(new(worker))
	}
	o.Trim()
	if grown := bytesInUse() - before; grown > 4*count {
		t.Errorf("%d bytes more are in use after %d values came and went", grown, count)
	}
	runtime.KeepAlive(o)
}

// What is put back after a Trim is kept as before.
func TestShardedObjectsTrim(t *testing.T) {
	made, dropped := 0, 0
	o := combinators.NewShardedObjects(func() *worker { made++; return new(worker) }, 100)
	o.OnDrop = func(*worker) { dropped++ }
	const n = 5
	for round := 1; round <= 3; round++ {
		var all [n]*worker
		for range 2 {
			for i := range all {
				all[i] = o.Get()
			}
			for _, w := range all {
				o.Put(w)
			}
		}
		if made != round*n || dropped != (round-1)*n {
			t.Errorf("in round %d, %d were constructed and %d dropped; want %d and %d", round, made, dropped, round*n, (round-1)*n)
		}
		o.Trim()
	}
}

// One goroutine gets and another one puts back: the values have to come back.
func TestShardedObjectsComeBackFromOtherGoroutines(t *testing.T) {
	made := 0
	o := combinators.NewShardedObjects(func() *worker { made++; return new(worker) }, 100)
	const inFlight = 10
	queue := make(chan *worker, inFlight)
	returned := make(chan struct{}, inFlight)
	go func() {
		for w := range queue {
			deepCall(50, func() { o.Put(w) }) // maybe on another part of the stack
			returned <- struct{}{}
		}
		close(returned)
	}()
	for i := range 2000 {
		if i >= inFlight {
			<-returned
		}
		queue <- o.Get()
	}
	close(queue)
	for range returned {
	}
	if made > 3*inFlight {
		t.Errorf("2000 requests with %d values in flight have constructed %d", inFlight, made)
	}
}
