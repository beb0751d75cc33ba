// Package conformance runs the tests of golang.org/x/net/nettest on package netconn, and similar
// ones for packets, which nettest does not cover. It is a module of its own, so that users of the
// library do not depend on nettest.
package conformance
