// Package server serves HTTP/1.1 on chains of operations: with one block of memory per
// client, and no allocation per request.
//
// A [Server] has a loop for each listener, and so for each proactor of a
// [platform.Group]. The loop has, once, everything that only the current request needs: the
// bytes that were read, the parsed head, the answers. A client is a session, with its
// connection and the block of its operations. It has a buffer only while a request has
// arrived in part, or while the client does not read its answers. So ten thousand idle
// clients cost little, and for one that sends a request, most memory is in the caches.
//
// The chain is: wait until there is something to read, read it, answer all complete
// requests, write all answers at once, and wait again. A request is served when it has
// arrived with its whole body, in the order in which requests came. The next one is not
// parsed while answers wait for a slow client. See package http1 for what is refused.
//
// # Why must a handler answer before it returns?
//
// One goroutine serves all clients of a loop. So anything slow, such as a query to a
// database, would hold them all up. A server whose answers come later needs a Response that
// outlives the call; a server of files, and of computations that take microseconds, does
// not.
package server
