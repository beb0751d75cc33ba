// Package conformance has the tests of golang.org/x/net/nettest for package netconn, and for
// packets, of which nettest knows nothing, some like them. It is a module of its own, so that
// who uses the library need not have nettest.
package conformance
