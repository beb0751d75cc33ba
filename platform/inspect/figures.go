package inspect

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

// patience is how long a reading waits for the loops to answer. A loop that takes longer
// is shown as waiting, and a later reading has its answer.
const patience = 100 * time.Millisecond

// started is about when the program was started.
var started = time.Now()

// figures are the result of a reading, as the JSON shows it.
type figures struct {
	Program    program             `json:"program"`
	ElapsedNS  int64               `json:"elapsed_ns"` // since the program was started
	Proactors  []proactorFigures   `json:"proactors"`
	Allocators []allocationFigures `json:"allocators"`
}

// program says what is running.
type program struct {
	Name       string    `json:"name"`
	PID        int       `json:"pid"`
	Started    time.Time `json:"started"` // differs from one run to the next
	Go         string    `json:"go"`
	System     string    `json:"system"`
	Processors int       `json:"processors"` // GOMAXPROCS
}

type proactorFigures struct {
	Name      string         `json:"name"`
	Closed    bool           `json:"closed"`
	Stats     platform.Stats `json:"stats"`
	Loop      *loopFigures   `json:"loop,omitempty"` // of one that is not closed
	Allocator *layer         `json:"allocator"`
}

// loopFigures say how long a handler that is posted waits to be called.
type loopFigures struct {
	LatencyNS int64 `json:"latency_ns"`
	Waiting   bool  `json:"waiting"` // it is not called yet
}

type allocationFigures struct {
	Name      string `json:"name"`
	Allocator *layer `json:"allocator"`
}

// read reads everything that the page shows.
func (g *Page) read(ctx context.Context) figures {
	g.mu.Lock()
	proactors, allocators := append([]*proactor(nil), g.proactors...), append([]composition(nil), g.allocators...)
	g.mu.Unlock()

	f := figures{Program: thisProgram(), Proactors: []proactorFigures{}, Allocators: []allocationFigures{}}
	awaitAll(ctx, proactors)
	for _, p := range proactors {
		f.Proactors = append(f.Proactors, p.read())
	}
	for _, a := range allocators {
		f.Allocators = append(f.Allocators, allocationFigures{a.name, a.tree.read()})
	}
	f.ElapsedNS = time.Since(started).Nanoseconds()
	return f
}

// awaitAll posts a probe to each proactor and waits until they are called, for some
// time.
func awaitAll(ctx context.Context, proactors []*proactor) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	called := make([]<-chan struct{}, len(proactors))
	for i, p := range proactors {
		called[i] = p.post()
	}
	for i, p := range proactors {
		select {
		case <-called[i]:
		case <-p.done:
		case <-ctx.Done():
			return
		}
	}
}

func thisProgram() program {
	return program{
		Name:       filepath.Base(os.Args[0]),
		PID:        os.Getpid(),
		Started:    started,
		Go:         runtime.Version(),
		System:     runtime.GOOS + "/" + runtime.GOARCH,
		Processors: runtime.GOMAXPROCS(0),
	}
}
