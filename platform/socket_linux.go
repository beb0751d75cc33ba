package platform

// sysSocket is the state of a socket in the backends of Linux that they need at
// each operation. Most of it is epoll's.
type sysSocket struct {
	fd   int32
	slot uint32 // its place in the backend's table
	gen  uint32 // counts the sockets that have had the slot; 0 if it has none

	// Whether an attempt to read or write may succeed. Edges set them; an
	// attempt that finds nothing, or that shows it took everything, resets
	// them.
	readable, writable bool

	edge bool // an edge is being served, and nothing was read since

	// sticky: a short read does not show that everything was taken, because
	// the peer has ended the stream, there is an error or urgent data, or the
	// socket is not TCP.
	sticky bool

	connecting bool // connect(2) has not reported yet
	packet     bool // UDP
	inet6      bool // a packet socket of the IPv6 family
	unlink     bool // a unix listener's path is removed when it closes
}
