package inspect

import (
	"fmt"
	"slices"
	"sync"

	"github.com/heirloom-go/heirloom/platform"
)

// A Page shows proactors and allocators of the running program. The zero value shows
// nothing yet. Any goroutine may call its methods at any time, also while it serves.
type Page struct {
	mu         sync.Mutex
	proactors  []*proactor
	allocators []composition
}

// AddProactor shows p under a name, with the allocator that it has for handlers that
// bring none. If the name is taken, p takes the place of what had it, as a proactor
// that was opened again does.
//
// Once p is closed, the page shows its last figures and holds on to nothing else of it.
func (g *Page) AddProactor(name string, p *platform.Proactor) {
	w := &proactor{name: name, proactor: p, done: p.Done(), probe: new(probe), tree: newLayer(p.Allocator())}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proactors = put(g.proactors, w, func(w *proactor) string { return w.name })
}

// AddGroup shows each proactor of a group, under the name and its number in the group.
func (g *Page) AddGroup(name string, group *platform.Group) {
	for i, p := range group.Proactors() {
		g.AddProactor(fmt.Sprint(name, " ", i), p)
	}
}

// AddAllocator shows the composition whose outermost block is a: an
// allocator.Allocator of some type, or what hands out values in another way, such as a
// combinators.Shared. If the name is taken, a takes the place of what had it.
//
// How it is composed is read now and never again, so an allocator whose String changes
// while it is used, a combinators.Cascade, must not be in use meanwhile. What is read
// later is the Counts of each layer that has that method, as combinators.Stats has.
func (g *Page) AddAllocator(name string, a any) {
	c := composition{name, newLayer(a)}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.allocators = put(g.allocators, c, func(c composition) string { return c.name })
}

// Remove shows no longer what has the name, be it a proactor, an allocator or both.
func (g *Page) Remove(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proactors = slices.DeleteFunc(g.proactors, func(w *proactor) bool { return w.name == name })
	g.allocators = slices.DeleteFunc(g.allocators, func(c composition) bool { return c.name == name })
}

// put puts v in the place of the one with its name, or behind all.
func put[V any](all []V, v V, name func(V) string) []V {
	if i := slices.IndexFunc(all, func(o V) bool { return name(o) == name(v) }); i >= 0 {
		all[i] = v
		return all
	}
	return append(all, v)
}
