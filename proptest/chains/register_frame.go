package chains

import (
	"fmt"
	"reflect"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/proptest/contract"
)

// A frame says what type the frame of a composed operation has, so that its memory
// can be watched.
type frame struct {
	watch func(c *chainRun) frameMemory
}

// frameOf returns the frame of operations that ops.Compose makes with a state of
// type S.
func frameOf[S any]() *frame {
	return &frame{func(c *chainRun) frameMemory {
		name := fmt.Sprintf("the allocator of frames of %v of chain %s", reflect.TypeFor[S](), c.chain.Name())
		return watchedFrames[S]{contract.Watch[ops.Frame[S]](c.chain, nil).Named(name)}
	}}
}

// frameMemory is the allocator of frames whose type is not known here.
type frameMemory interface {
	ID() int
	Refuse(skip, n int)
	associate(h ops.Handler) ops.Handler
}

type watchedFrames[S any] struct {
	*contract.Watched[ops.Frame[S]]
}

func (w watchedFrames[S]) associate(h ops.Handler) ops.Handler {
	return ops.WithAllocator[ops.Frame[S]](h, w.Watched)
}

// framesOf returns the chain's allocator of the frames of a registered kind.
func (c *chainRun) framesOf(k *kind) frameMemory {
	m := c.foreign[k.frame]
	if m == nil {
		m = k.frame.watch(c)
		if c.foreign == nil {
			c.foreign = make(map[*frame]frameMemory)
		}
		c.foreign[k.frame] = m
	}
	return m
}
