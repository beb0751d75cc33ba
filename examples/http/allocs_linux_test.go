//go:build !race

package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// Neither a request nor a connection allocates, whatever is asked, at once or in parts.
func TestNoAllocs(t *testing.T) {
	conversations := []struct{ name, send, get string }{
		{"a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "Hello, World!"},
		{"pipelined", "GET /json HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "Hello, World!"},
		{"a body", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nlength", "length"},
		{"chunks", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"},
		{"stats", "GET /stats HTTP/1.1\r\nHost: a\r\n\r\n", "}\n"},
		{"a refusal", "GET / HTTP/1.1\r\n\r\n", "there is no Host\n"},
	}
	for _, backend := range platform.Backends() {
		if backend == "portable" {
			continue // package net allocates for each connection
		}
		t.Run(backend, func(t *testing.T) {
			s := serve(t, options{backend: backend, loops: 1})
			address := netip.MustParseAddrPort(s.address)
			c := &asker{to: unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}}
			for _, x := range conversations {
				send, get := []byte(x.send), []byte(x.get)
				for _, parts := range []int{1, 3} {
					for range 20 { // what is kept afterwards
						c.ask(t, send, get, parts)
					}
					const times = 500
					if n := mallocs(func() {
						for range times {
							c.ask(t, send, get, parts)
						}
					}); n > times/20 { // the runtime allocates now and then on its own behalf
						t.Errorf("%s in %d parts: %d allocations for %d connections", x.name, parts, n, times)
					}
				}
			}
		})
	}
}

func mallocs(f func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// An asker is a client that allocates nothing.
type asker struct {
	to  unix.SockaddrInet4
	buf [4096]byte
}

// ask connects, sends something in parts three times, waits for each answer to end with
// get, and leaves.
func (c *asker) ask(t *testing.T, send, get []byte, parts int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, &c.to)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for i := range parts {
			if _, err := unix.Write(fd, send[len(send)*i/parts:len(send)*(i+1)/parts]); err != nil {
				t.Fatal(err)
			}
		}
		for n := 0; !bytes.HasSuffix(c.buf[:n], get); {
			m, err := unix.Read(fd, c.buf[n:])
			if err != nil || m == 0 {
				t.Fatal(fmt.Errorf("%d bytes, then %v: %q", n, err, c.buf[:n]))
			}
			n += m
		}
		if bytes.Contains(c.buf[:512], []byte("Connection: close")) {
			clear(c.buf[:])
			return
		}
		clear(c.buf[:])
	}
}
