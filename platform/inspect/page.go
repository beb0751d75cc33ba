package inspect

import (
	"fmt"
	"slices"
	"sync"

	"github.com/heirloom-go/heirloom/platform"
)

// A Page shows proactors and allocators of the running program. The zero value shows
// nothing yet. Any goroutine may call its methods at any time, even while it serves.
type Page struct {
	mu         sync.Mutex
	proactors  []*proactor
	allocators []composition
}

// AddProactor shows p under a name, with its allocator for handlers that bring none. If
// the name is taken, p replaces the proactor with that name, for example one that was
// closed.
//
// Once p is closed, the page shows its last figures and keeps nothing else of it.
func (g *Page) AddProactor(name string, p *platform.Proactor) {
	w := &proactor{name: name, proactor: p, done: p.Done(), probe: new(probe), tree: newLayer(p.Allocator())}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proactors = put(g.proactors, w, func(w *proactor) string { return w.name })
}

// AddGroup shows each proactor of a group, under the name and the proactor's index in the
// group.
func (g *Page) AddGroup(name string, group *platform.Group) {
	for i, p := range group.Proactors() {
		g.AddProactor(fmt.Sprint(name, " ", i), p)
	}
}

// AddAllocator shows the composition whose outermost layer is a: an
// allocator.Allocator of some type, or what hands out values in another way, such as a
// combinators.Shared. If the name is taken, a replaces the allocator with that name.
//
// The composition is read now and never again. So an allocator whose String changes while
// it is used, a combinators.Cascade, must not be in use meanwhile. Later only the Counts of
// each layer that has that method, such as combinators.Stats, are read.
func (g *Page) AddAllocator(name string, a any) {
	c := composition{name, newLayer(a)}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.allocators = put(g.allocators, c, func(c composition) string { return c.name })
}

// Remove removes the proactor and the allocator with the name from the page.
func (g *Page) Remove(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proactors = slices.DeleteFunc(g.proactors, func(w *proactor) bool { return w.name == name })
	g.allocators = slices.DeleteFunc(g.allocators, func(c composition) bool { return c.name == name })
}

// put puts v in place of the one with its name, or after all others.
func put[V any](all []V, v V, name func(V) string) []V {
	if i := slices.IndexFunc(all, func(o V) bool { return name(o) == name(v) }); i >= 0 {
		all[i] = v
		return all
	}
	return append(all, v)
}
