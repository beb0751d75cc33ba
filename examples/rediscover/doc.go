// Package rediscover finds bugs of published network libraries again that others have
// found in production, see README.md.
//
// A library takes a net.Conn or a net.Listener, and so runs unchanged on the network that
// package platform/sim simulates, by package platform/netconn; and as it calls time.Now, in
// the virtual time of a bubble of package testing/synctest. What the network does (how much
// of a write arrives, and when; which connection is reset) comes from a seed.
//
// A test is a program of clients and servers, and a plain property that it keeps: each
// request has its own answer, a shutdown ends, nobody waits for ever. It knows nothing of
// the bug. [Hunt] runs it with one seed after another until the property is violated, and
// then with the version in which the bug is mended, and the same seeds, where it is not.
//
// # What is seen
//
// A property is violated when the program says so, see [World.Violated] and [World.Within];
// when the process panics, which a bubble does too when goroutines are left that nothing can
// wake; and when the goroutines wait for one another's mutexes, see [stuck]. So each hunt is
// a process of its own.
//
// # What is not
//
// A bubble's time passes when all of its goroutines wait for what can be seen to be in the
// bubble, and a mutex is not. Where one goroutine holds a mutex and waits for the network, and
// another waits for the mutex, the time stands still, and that looks like a deadlock. A
// library that writes with a mutex held can be tested on a [Buffered] connection only.
package rediscover
