package netconn

import (
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A loop is what a socket needs to know about its proactor.
type loop struct {
	p      *platform.Proactor
	single bool            // only the goroutine that runs it may use what belongs to it
	over   <-chan struct{} // closed when the proactor is, and everything abandoned
}

func newLoop(p *platform.Proactor) loop { return loop{p, p.Host().SingleRunner(), p.Done()} }

// open opens a socket by calling f. If only the goroutine that runs the proactor may do so,
// open makes that one call f.
func open[S any](p *platform.Proactor, f func() (S, error)) (socket S, err error) {
	l := newLoop(p)
	if !l.single {
		return f()
	}
	var s side
	_, ended := s.wait(&l, func() {
		socket, err = f()
		s.Complete(0, nil)
	})
	if ended != nil {
		err = ended
	}
	return socket, err
}

// arrange calls f. If only the goroutine that runs the proactor may do so, arrange makes that
// one call f later; the result of f is then not known, and err is nil.
func (l *loop) arrange(f func() error) (err error) {
	if !l.single {
		return f()
	}
	ops.Post(l.p, ops.HandlerFunc(func(_ int, err error) {
		if err == nil {
			f()
		}
	}))
	return nil
}
