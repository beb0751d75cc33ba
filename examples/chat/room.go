package main

import (
	"log"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A room is a chat: what one guest says, all others hear.
//
// Several goroutines may run its proactor. Every handler of the room runs on its strand, one
// after another, so what belongs to the room, its allocators too, needs no lock.
type room struct {
	limits   limits
	strand   *ops.Strand
	acceptor platform.Acceptor[guest]
	present  map[*guest]struct{}

	// A message is in memory once, whoever hears it, and each that is on its way to a guest is a
	// delivery.
	messages   *combinators.Shared[byte]
	texts      *combinators.Stats[byte] // below messages
	deliveries *combinators.Stats[delivery]

	heard int // messages, for those who look
}

// The limits of a room.
type limits struct {
	guests  int           // at a time
	silence time.Duration // after which a guest is sent away
	line    int           // bytes of a line, with its end
	behind  int           // bytes that wait for a slow guest, before it is sent away
}

var defaultLimits = limits{guests: 10_000, silence: 5 * time.Minute, line: maxLine, behind: 64 << 10}

func newRoom(p *platform.Proactor, l limits) *room {
	r := &room{
		limits:     l,
		strand:     ops.NewStrand(p),
		present:    make(map[*guest]struct{}),
		texts:      recycled[byte](1 << 20),
		deliveries: recycled[delivery](1 << 14),
	}
	r.messages = combinators.NewShared(r.texts)
	r.acceptor.Max = l.guests
	r.acceptor.Conn = func(g *guest) *platform.Conn { return &g.conn }
	r.acceptor.Serve = func(g *guest) {
		g.room = r
		ops.Post(r.strand, (*onArrived)(g))
	}
	r.acceptor.OnError = func(err error) { log.Print(err) }
	return r
}

// recycled returns an allocator that keeps released blocks, of limit values in all. It counts
// the requests, and those that found no block.
func recycled[T any](limit int) *combinators.Stats[T] {
	misses := combinators.NewStats[T](allocator.Heap[T]{})
	return combinators.NewStats(combinators.NewRecycling(misses, limit))
}

// open lets guests in. The handler is called when the last one has left, after
// r.acceptor.Shutdown.
func (r *room) open(l *platform.Listener, h ops.Handler) { r.acceptor.Start(l, h) }

// announce says something to all guests but one, which may be nil. It runs on the strand.
func (r *room) announce(but *guest, parts ...[]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	message, err := r.messages.Allocate(size)
	if err != nil {
		log.Print(err) // memory is short: nobody hears it
		return
	}
	text := message.Values()[:0]
	for _, p := range parts {
		text = append(text, p...)
	}
	r.heard++
	for g := range r.present {
		if g != but {
			r.deliver(g, message.Retain())
		}
	}
	message.Release()
}

// A delivery is a message on its way to a guest, and the handler of the write. It says
// nothing of memory, so that of the operation comes from the proactor's own allocator, which
// any goroutine may call: an operation ends on whichever runs the proactor, and only its
// handler runs on the strand.
type delivery struct {
	to      *guest
	message combinators.Ref[byte]
}

func (r *room) deliver(to *guest, message combinators.Ref[byte]) {
	d, err := allocator.New(r.deliveries)
	if err != nil {
		message.Release()
		to.leave()
		return
	}
	d.to, d.message = to, message
	to.pending++
	to.out.Write(message.Values(), d)
}

// Executor has the handler run on the strand.
func (d *delivery) Executor() ops.Executor { return d.to.room.strand }

// Complete implements ops.Handler: the message was delivered, or was not.
func (d *delivery) Complete(_ int, err error) {
	to := d.to
	d.message.Release()
	allocator.Delete(to.room.deliveries, d)
	if err != nil {
		to.leave() // who has missed something is not to hear the rest
	}
	to.ended()
}
