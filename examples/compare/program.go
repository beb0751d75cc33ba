package main

import (
	"path/filepath"
	"slices"
)

// A kind is what programs have in common that can be measured side by side.
type kind string

const (
	echoes      kind = "echo" // servers that send back what they receive
	httpServers kind = "http" // servers that answer a GET of / with a fixed body
)

var kinds = append([]kind{echoes, httpServers, proxies, idles, idleTLS, idleHTTPs, crowds, simulations}, allocating...)

// A program is one that is measured: a server of ours or a peer.
type program struct {
	name string // in tables, and without blanks in the results
	ours bool
	kind kind

	// source is what it is built from, below servers: the directory of a Go program, or a file
	// in C or C++.
	source string

	// executable is what it is called if it is not built, but a program of the system.
	executable string

	args    []string // beside the flags that every server takes
	env     []string // variables beside those of the environment
	stdin   string   // what it reads from its standard input
	flags   []string // of the compiler, before the source
	libs    []string // of the linker
	install string   // the Debian packages that it needs
}

// programs returns all that there are. asio is the include directory of another Asio than the
// system's, if it is not empty.
func programs(asio string) []program {
	return slices.Concat(echoPrograms(asio), httpPrograms(), proxyPrograms(), idlePrograms(), crowdPrograms(), simulatedPrograms(), allocatorPrograms())
}

func echoPrograms(asio string) []program {
	all := append(heirlooms("echo"),
		program{name: "C io_uring", source: "c/uring.c", libs: []string{"-luring"}, install: "gcc liburing-dev"},
		program{name: "C epoll", source: "c/epoll.c", install: "gcc"},
		program{name: "Asio", source: "asio/echo.cpp", flags: []string{"-DASIO_STANDALONE"}, install: "g++ libasio-dev"},
		program{name: "gnet", source: "gnet"},
		program{name: "nbio", source: "nbio"},
		program{name: "netpoll", source: "netpoll"},
		program{name: "net", source: "net"},
	)
	if asio != "" {
		all = append(all, asioIn(asio))
	}
	return ofKind(echoes, all)
}

// isGo reports whether it is built by Go. A server that is, unless it is a proxy, prints figures
// of its heap; see servers/program.
func (p program) isGo() bool { return p.executable == "" && filepath.Ext(p.source) == "" }

// serves reports whether it is a server. The others run to their end.
func (p program) serves() bool { return p.kind != simulations && !slices.Contains(allocating, p.kind) }
