//go:build !linux

package main

// listenAddresses is how many addresses there are to connect to. Most systems
// give themselves only one.
const listenAddresses = 1

// mostConns is how many connections the ports suffice for, next to those of
// connections that ended a short while ago.
const mostConns = 4000

// loopback returns an address of this machine.
func loopback(int) string { return "127.0.0.1" }

// openDescriptors returns -1: nobody can tell.
func openDescriptors() int { return -1 }
