//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package readiness

// What an engine and the kernel say to each other.

// A Name is what the kernel gives back with an event: the place of a socket in the
// table, and a generation, so that an event that is late misses the next socket in
// the same place.
type Name struct{ Index, Generation uint32 }

// Events are what the kernel tells of a descriptor.
type Events uint8

// What the kernel can tell.
const (
	In     Events = 1 << iota // there may be something to read or to accept
	Out                       // there may be room for a write, or a connect has ended
	Ended                     // the peer has ended the stream
	Broken                    // the stream has ended in both directions, or there is an error
	Urgent                    // there are urgent data
)

// A Register registers a descriptor with the kernel.
type Register func(fd int, n Name, i Interest) error

// Rules are in what interfaces of a kernel differ. The zero value is for one that tells
// everything.
type Rules struct {
	// Forgets has the bits of a generation that the kernel does not give back.
	Forgets uint32

	// NoUrgent: the kernel does not tell of urgent data, which a read stops at. So a short
	// read never shows that everything was taken.
	NoUrgent bool

	// NoOptions: a connection that is accepted may not have the options of its listener.
	NoOptions bool
}

// An Interest is what the kernel is to tell of a descriptor.
type Interest uint8

// What a descriptor is registered for.
const (
	Edges       Interest = iota // whatever changes, when it does
	InEdges                     // the same, except room to write
	Connections                 // whether connections wait, at each poll while they do
	ToEdges                     // Edges, for what was registered for something else
	Nothing                     // its registration ends
)
