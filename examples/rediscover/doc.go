// Package rediscover finds known bugs of published network libraries again, which others
// have found in production; see README.md.
//
// A library that takes a net.Conn or a net.Listener runs unchanged on the network that
// package platform/sim simulates, through package platform/netconn. Its calls of time.Now
// return the virtual time of a bubble of package testing/synctest. What the network does
// (how much of a write arrives, and when; which connection is reset) comes from a seed.
//
// A test is a program of clients and servers, and a simple property that must hold: each
// request gets its own answer, a shutdown ends, nobody waits for ever. It knows nothing about
// the bug. [Hunt] runs it with one seed after another until the property is violated. With
// the same seeds and the version in which the bug is fixed, the property must hold.
//
// # What is detected
//
// A property is violated when the program says so, see [World.Violated] and [World.Within];
// when the process panics, as it also does when goroutines are left in a bubble that nothing
// can wake; and when goroutines wait for one another's mutexes, see [stuck]. So each hunt is
// a process of its own.
//
// # What is not
//
// Time in a bubble passes only when all of its goroutines are durably blocked, and waiting
// for a mutex does not count. If one goroutine holds a mutex and waits for the network, and
// another waits for the mutex, time stands still, and that looks like a deadlock. So a
// library that writes with a mutex held can be tested only on a [Buffered] connection.
package rediscover
