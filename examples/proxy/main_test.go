package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform"
)

var size = flag.Int64("proxy.bytes", 4<<20, "how many bytes to pass on in each direction")

// proxyTo has a proxy pass connections on to an address until the test ends, and returns its
// own address.
func proxyTo(t *testing.T, backend, to string) (address string) {
	p, err := platform.New(platform.WithBackend(backend), platform.SingleRunner())
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { p.Close() })
	l, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	stop := make(chan struct{})
	ended := make(chan error)
	go func() { ended <- run(p, l, to, newSessions(), stop, time.Minute) }()
	t.Cleanup(func() {
		close(stop)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return address
}

// passedOn returns both ends of a connection that a proxy passes on, until the test ends.
func passedOn(t *testing.T, backend string) (client, server net.Conn) {
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer origin.Close()
	if client, err = net.Dial("tcp", proxyTo(t, backend, origin.Addr().String())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if server, err = origin.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

// TestProxy sends bytes through the proxy, in both directions at the same time: what
// comes out is what went in, and the end of one direction leaves the other open.
func TestProxy(t *testing.T) {
	for _, name := range platform.Backends() {
		t.Run(name, func(t *testing.T) {
			client, server := passedOn(t, name)
			var transfers sync.WaitGroup
			var there, came, back, cameBack []byte // sums
			transfers.Go(func() { there = send(t, client, 1) })
			transfers.Go(func() {
				came = receive(t, server)
				back = send(t, server, 2) // after the end of what it gets
			})
			transfers.Go(func() { cameBack = receive(t, client) })
			transfers.Wait()
			if !bytes.Equal(there, came) || !bytes.Equal(back, cameBack) {
				t.Error("what has come is not what was sent")
			}
		})
	}
}

// send sends bytes that look random, ends the stream, and returns their sum.
func send(t *testing.T, c net.Conn, seed byte) []byte {
	sum := sha256.New()
	random := io.LimitReader(rand.NewChaCha8([32]byte{seed}), *size)
	if _, err := io.Copy(io.MultiWriter(c, sum), random); err != nil {
		t.Error(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Error(err)
	}
	return sum.Sum(nil)
}

// receive returns the sum of what comes until the stream ends.
func receive(t *testing.T, c net.Conn) []byte {
	sum := sha256.New()
	if n, err := io.Copy(sum, c); err != nil || n != *size {
		t.Errorf("%d of %d bytes came, error %v", n, *size, err)
	}
	return sum.Sum(nil)
}

// A server that is not there costs the client its connection, and the proxy nothing.
func TestNobodyThere(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	address := proxyTo(t, platform.Backends()[0], gone.Addr().String())
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read %d bytes, error %v", n, err)
		}
		c.Close()
	}
}
