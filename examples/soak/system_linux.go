package main

import (
	"fmt"
	"os"
)

// listenAddresses is how many addresses there are to connect to. Each has the
// local ports for itself, those of connections that ended a minute ago or less
// among them.
const listenAddresses = 16

// mostConns is how many connections the ports suffice for.
const mostConns = maxConns

// loopback returns an address of this machine.
func loopback(i int) string { return fmt.Sprintf("127.0.0.%d", i+1) }

// openDescriptors returns how many descriptors the process has.
func openDescriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(entries)
}
