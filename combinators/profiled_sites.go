package combinators

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// sites is what a [Profiled] knows: the places that ask for blocks, and the
// sampled blocks that are live, by address, so that it keeps none of them from
// being collected.
type sites struct {
	until  atomic.Int64 // bytes to hand out before the one that is sampled next
	_      [cacheLine]byte
	filter [1 << filterBits]atomic.Uint32 // sampled live blocks by the hash of their address

	mu      sync.Mutex
	started bool // until has its first value
	lastID  uint64
	live    map[uintptr]sampled
	known   map[callers]*site
	inOrder []*site
}

// A site is a place in the program that asks for blocks.
type site struct {
	stack          callers
	blocks, bytes  float64 // handed out so far
	inUse, inBytes float64 // live; set by totals
}

// sampled is a live block that is in the profile.
type sampled struct {
	id     uint64
	site   *site
	size   int64
	weight float64 // the blocks of this size that it stands for
}

// filterBits makes the filter large enough for a few hundred sampled live
// blocks, and 4 KiB in size. With more, releases of others find a place taken
// now and then, and look into the map, which costs some tens of nanoseconds.
const filterBits = 10

func newSites() *sites {
	return &sites{live: make(map[uintptr]sampled), known: make(map[callers]*site)}
}

func (p *sites) place(start uintptr) *atomic.Uint32 {
	return &p.filter[uint64(start>>3)*0x9e3779b97f4a7c15>>(64-filterBits)]
}

// maySample is false if the block at start is not sampled.
func (p *sites) maySample(start uintptr) bool { return p.place(start).Load() != 0 }

// sample samples a block that has brought until below 0, unless another goroutine was
// first.
//
// The distance between two samples is drawn from an exponential distribution,
// as the runtime does for its heap profile: so the chance of a block depends
// on its size alone, and not on what was allocated before it in a loop.
func (p *sites) sample(start uintptr, size, rate int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		p.started = true
		p.until.Store(distance(rate))
	}
	if p.until.Add(-size) >= 0 { // it is the first one, or another goroutine was here first
		return
	}
	p.until.Store(distance(rate))
	if _, ok := p.live[start]; ok { // it was lost, or is just being released
		p.remove(start)
	}
	var stack callers
	stack.record(2)
	s := p.known[stack]
	if s == nil {
		s = &site{stack: stack}
		p.known[stack] = s
		p.inOrder = append(p.inOrder, s)
	}
	weight := 1.0
	if rate > 1 {
		weight = -1 / math.Expm1(-float64(size)/float64(rate))
	}
	s.blocks += weight
	s.bytes += weight * float64(size)
	p.lastID++
	p.live[start] = sampled{p.lastID, s, size, weight}
	p.place(start).Add(1)
}

// distance draws how many bytes there are before the next sampled block.
func distance(rate int64) int64 {
	if rate == 1 {
		return 0
	}
	return int64(rand.ExpFloat64() * float64(rate))
}

// find returns the number of the sample of the block at start, or 0.
func (p *sites) find(start uintptr) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live[start].id
}

// forget takes a sample out of the profile, unless the storage is another
// block's by now.
func (p *sites) forget(start uintptr, id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b, ok := p.live[start]; ok && b.id == id {
		p.remove(start)
	}
}

func (p *sites) remove(start uintptr) {
	delete(p.live, start)
	p.place(start).Add(^uint32(0))
}

func (p *sites) resize(start uintptr, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if b, ok := p.live[start]; ok {
		b.size = size
		p.live[start] = b
	}
}

func (p *sites) forgetAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for start := range p.live {
		p.remove(start)
	}
}

// totals returns a copy of all sites.
func (p *sites) totals() []site {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.inOrder {
		s.inUse, s.inBytes = 0, 0
	}
	for _, b := range p.live {
		b.site.inUse += b.weight
		b.site.inBytes += b.weight * float64(b.size)
	}
	all := make([]site, len(p.inOrder))
	for i, s := range p.inOrder {
		all[i] = *s
	}
	return all
}
