package secure_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

var streamBytes = flag.Int64("secure.bytes", 4<<20, "how many bytes TestStreams moves in each direction; 104857600 for a long test")

// shake has both ends agree, and returns what their handlers were told.
func (w *world) shake(server, client *secure.Conn, m *memory) (s, c *result) {
	w.t.Helper()
	s, c = new(result), new(result)
	server.Handshake(m.with(s))
	client.Handshake(m.with(c))
	s.later(w.t)
	c.later(w.t)
	w.await(s, c)
	return s, c
}

// secured returns the two ends of a connection that have agreed.
func (w *world) secured(server, client *tls.Config, m *memory) (s, c *secure.Conn) {
	w.t.Helper()
	a, b := w.pair()
	s, c = new(secure.Conn), new(secure.Conn)
	s.Server(a, server)
	c.Client(b, client)
	atServer, atClient := w.shake(s, c, m)
	atServer.want(w.t, 0, nil)
	atClient.want(w.t, 0, nil)
	return s, c
}

// random returns n bytes that differ from those of another seed.
func random(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// TestEcho is the least that must work, with each version.
func TestEcho(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			alsoSimulated(t, func(t *testing.T, w *world) {
				m := newMemory()
				server, client := serverConfig(version), clientConfig(version)
				server.NextProtos, client.NextProtos = []string{"b", "c"}, []string{"a", "b"}
				s, c := w.secured(server, client, m)
				for what, state := range map[string]tls.ConnectionState{"server": s.ConnectionState(), "client": c.ConnectionState()} {
					if state.Version != version || state.NegotiatedProtocol != "b" || state.ServerName != serverName {
						t.Errorf("the %s has version %x, protocol %q, name %q", what, state.Version, state.NegotiatedProtocol, state.ServerName)
					}
				}
				for _, n := range []int{1, 64, 5000, 16 << 10, 100_000} {
					want, got := random(1, n), make([]byte, n)
					var results [4]result
					ops.WriteFull(c, want, m.with(&results[0]))
					ops.ReadFull(s, got, m.with(&results[1]))
					w.await(&results[0], &results[1])
					ops.WriteFull(s, got, m.with(&results[2]))
					back := make([]byte, n)
					ops.ReadFull(c, back, m.with(&results[3]))
					w.await(&results[2], &results[3])
					for i := range results {
						results[i].want(t, n, nil)
					}
					if !bytes.Equal(back, want) {
						t.Fatalf("%d bytes come back as others", n)
					}
				}
				var shut, end, late, back result
				c.Shutdown(m.with(&shut))
				s.Read(make([]byte, 10), m.with(&end))
				w.await(&shut, &end)
				shut.want(t, 0, nil)
				end.want(t, 0, io.EOF)
				c.Write([]byte("x"), m.with(&late))
				s.Write([]byte("half"), m.with(&back)) // the other direction goes on
				var half result
				ops.ReadFull(c, make([]byte, 4), m.with(&half))
				w.await(&late, &back, &half)
				late.want(t, 0, secure.ErrShutdown)
				back.want(t, 4, nil)
				half.want(t, 4, nil)
				m.check(t)
				s.Close()
				c.Close()
			})
		})
	}
}

// TestStreams sends much in both directions at once, in writes and reads of all sizes, and
// compares checksums.
func TestStreams(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			alsoSimulated(t, func(t *testing.T, w *world) {
				m := newMemory()
				s, c := w.secured(serverConfig(version), clientConfig(version), m)
				total := *streamBytes
				if w.Backend() == "sim" {
					total = min(total, 64<<10)
				}
				var sent, got [2]uint32
				ends := [2]*secure.Conn{s, c}
				var results []*result
				for i, end := range ends {
					r := new(result)
					w.Spawn(m.with(r), func(co *platform.Co) (err error) {
						sent[i], err = send(co, end, byte(i), total)
						return err
					})
					results = append(results, r)
					r = new(result)
					w.Spawn(m.with(r), func(co *platform.Co) (err error) {
						got[1-i], err = receive(co, end, byte(i), total)
						return err
					})
					results = append(results, r)
				}
				w.await(results...)
				for _, r := range results {
					r.want(t, 0, nil)
				}
				if sent != got {
					t.Errorf("what was sent has the sums %x, and what came %x", sent, got)
				}
				m.check(t)
			})
		})
	}
}

// send writes n bytes and ends the stream.
func send(co *platform.Co, c *secure.Conn, seed byte, n int64) (sum uint32, err error) {
	source := rand.New(rand.NewChaCha8([32]byte{seed}))
	buf := random(seed, 200_000)
	for n > 0 {
		size := 1 + source.IntN(3000)
		if source.IntN(2) == 0 {
			size = 1 + source.IntN(len(buf)-1)
		}
		part := buf[:min(int64(size), n)]
		part[source.IntN(len(part))]++
		sum = crc32.Update(sum, crc32.IEEETable, part)
		if _, err := co.Write(c, part); err != nil {
			return sum, err
		}
		n -= int64(len(part))
	}
	_, err = co.Await(c.Shutdown)
	return sum, err
}

// receive reads n bytes and the end of the stream.
func receive(co *platform.Co, c *secure.Conn, seed byte, n int64) (sum uint32, err error) {
	source := rand.New(rand.NewChaCha8([32]byte{seed, 1}))
	buf := make([]byte, 100_000)
	for {
		size := 1 + source.IntN(3000)
		if source.IntN(2) == 0 {
			size = 1 + source.IntN(len(buf)-1)
		}
		k, err := co.Read(c, buf[:size])
		sum = crc32.Update(sum, crc32.IEEETable, buf[:k])
		n -= int64(k)
		if err == io.EOF && n == 0 {
			return sum, nil
		}
		if err != nil {
			return sum, fmt.Errorf("%d bytes are to come: %w", n, err)
		}
		if k == 0 {
			return sum, errors.New("a read of nothing")
		}
	}
}
