// Package conformance has the tests of golang.org/x/net/nettest for package netconn. It is a
// module of its own, so that who uses the library need not have that.
package conformance
