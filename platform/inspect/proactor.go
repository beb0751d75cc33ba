package inspect

import (
	"sync"

	"github.com/heirloom-go/heirloom/platform"
)

// A proactor is a platform.Proactor on the page.
type proactor struct {
	name string
	done <-chan struct{}

	mu       sync.Mutex
	proactor *platform.Proactor // nil once it is closed
	tree     *layer             // likewise
	probe    *probe             // likewise
	last     proactorFigures    // once it is closed
}

// post posts a probe to a proactor that is open. The channel is closed when it was
// called.
func (w *proactor) post() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proactor == nil {
		return nil
	}
	return w.probe.post(w.proactor)
}

func (w *proactor) read() proactorFigures {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.proactor == nil {
		return w.last
	}
	f := proactorFigures{Name: w.name, Allocator: w.tree.read()}
	select {
	case <-w.done:
		f.Closed, f.Stats = true, w.proactor.Stats()
		w.last = f
		w.proactor, w.tree, w.probe = nil, nil, nil
		return f
	default:
	}
	f.Stats = w.proactor.Stats()
	took, waiting := w.probe.latency()
	f.Loop = &loopFigures{took.Nanoseconds(), waiting}
	return f
}
