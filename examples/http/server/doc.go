// Package server serves HTTP/1.1 on chains of operations: one block of memory a client,
// and nothing allocated for a request.
//
// A [Server] has a loop for each listener, and so for each proactor of a
// [platform.Group]. What only the request that is served now needs lies in the loop, once:
// the bytes that were read, the parsed head, the answers. A client is a session, with its
// connection and the block of its operations; it has a buffer only while a request has
// arrived in part, or while it does not take its answers. So ten thousand clients that are
// idle cost little, and one that asks finds all that it needs in the cache.
//
// The chain is: wait until there is something to read, read it, answer as many requests as
// it has, write all answers at once, and wait again. A request is served when it has
// arrived with its whole body, in the order in which requests came; the next one is not
// looked at while answers wait for a slow client. See package http1 for what is refused.
//
// # Why is a handler a function that returns when it has answered?
//
// Because one goroutine serves all clients of a loop. What takes long, such as a query to
// a database, would hold them all up. A server whose answers come later needs a Response
// that outlives the call; for files and computations that take microseconds it does not.
package server
