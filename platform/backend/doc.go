// Package backend is for those who write a backend of package platform: a kernel
// interface, a layer over one, or a simulation. Programs do not need it.
//
// A [Backend] starts operations and says when they have ended. It works for a [Host],
// the proactor, which has everything that backends have in common: the queues of a
// socket, cancellation, timeouts, closing, and the handlers. What it knows of a socket
// lies in the [Socket], the record that it makes itself and never gives to anybody
// else; of an operation it sees an ops.ControlBlock and what the functions here read
// from that: [Peer], [Addr], [Accepted], [Buffers], [Packets], [Offset], [Source], [SetSender].
//
// platform.WithCustomBackend has a proactor use a backend, and platform.WithLayer
// puts one over another. Package platform/sim is an example of a whole one.
package backend
