package secure_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// chopped is a connection that writes one byte at a time.
type chopped struct{ net.Conn }

func (c chopped) Write(b []byte) (n int, err error) {
	for i := range b {
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(b), nil
}

// echo has a Conn return what it reads, until the end, and announce its own.
func echo(co *platform.Co, c *secure.Conn) error {
	buf := make([]byte, 10_000)
	for {
		n, err := co.Read(c, buf)
		if err == io.EOF {
			_, err = co.Await(c.Shutdown)
			return err
		}
		if err != nil {
			return err
		}
		if _, err := co.Write(c, buf[:n]); err != nil {
			return err
		}
	}
}

// exchange has a peer of crypto/tls send n bytes to an echo, and its end, and read them and
// the end of the other.
func exchange(peer *tls.Conn, n int) error {
	sent := random(9, n)
	writing := make(chan error, 1)
	go func() {
		_, err := peer.Write(sent)
		writing <- errors.Join(err, peer.CloseWrite())
	}()
	got, err := io.ReadAll(peer)
	if err == nil && !bytes.Equal(got, sent) {
		err = fmt.Errorf("%d of %d bytes come back, or others", len(got), n)
	}
	return errors.Join(err, <-writing)
}

// TestPeers has crypto/tls over package net at the other end, as client and as server,
// which sends at once or one byte at a time.
func TestPeers(t *testing.T) {
	for name, version := range versions {
		for _, server := range []bool{false, true} {
			for _, n := range []int{100_000, 1000} {
				chop := n == 1000
				t.Run(fmt.Sprintf("%s/server=%v/chopped=%v", name, server, chop), func(t *testing.T) {
					each(t, func(t *testing.T, w *world) {
						below, raw := w.peer()
						var conn net.Conn = raw
						if chop {
							conn = chopped{conn}
						}
						m := newMemory()
						c := new(secure.Conn)
						peer := tls.Client(conn, clientConfig(version))
						if server {
							c.Server(below, serverConfig(version))
						} else {
							c.Client(below, clientConfig(version))
							peer = tls.Server(conn, serverConfig(version))
						}
						far := make(chan error, 1)
						go func() { far <- exchange(peer, n) }()
						var shaken, echoed result
						c.Handshake(m.with(&shaken))
						w.await(&shaken)
						shaken.want(t, 0, nil)
						w.Spawn(m.with(&echoed), func(co *platform.Co) error { return echo(co, c) })
						w.await(&echoed)
						echoed.want(t, 0, nil)
						if err := <-far; err != nil {
							t.Error(err)
						}
						m.check(t)
					})
				})
			}
		}
	}
}

// TestResumption has a second connection resume the session of the first.
func TestResumption(t *testing.T) {
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			alsoSimulated(t, func(t *testing.T, w *world) {
				server, client := serverConfig(version), clientConfig(version)
				client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
				for i := range 2 {
					m := newMemory()
					s, c := w.secured(server, client, m)
					// The ticket of TLS 1.3 comes before the first bytes.
					var wrote, read result
					ops.WriteFull(s, []byte("hello"), m.with(&wrote))
					ops.ReadFull(c, make([]byte, 5), m.with(&read))
					w.await(&wrote, &read)
					read.want(t, 5, nil)
					if did := c.ConnectionState().DidResume; did != (i == 1) {
						t.Errorf("connection %d: resumed: %v", i, did)
					}
					s.Close()
					c.Close()
					m.check(t)
				}
			})
		})
	}
}

// TestCertificates has certificates that are wrong.
func TestCertificates(t *testing.T) {
	for name, test := range map[string]struct {
		server func(*tls.Config)
		client func(*tls.Config)

		atClient, atServer func(error) bool
	}{
		"good": {},
		"of another authority": {
			server:   func(c *tls.Config) { c.Certificates = []tls.Certificate{strange()} },
			atClient: isVerification, atServer: isRemote,
		},
		"expired": {
			server:   func(c *tls.Config) { c.Certificates = []tls.Certificate{expired()} },
			atClient: isVerification, atServer: isRemote,
		},
		"of another name": {
			client:   func(c *tls.Config) { c.ServerName = "other.example" },
			atClient: isVerification, atServer: isRemote,
		},
		"client has one": {
			server: needsClient,
			client: func(c *tls.Config) { c.Certificates = []tls.Certificate{client()} },
		},
		"client has none": {
			server: needsClient,
			// The server of TLS 1.3 judges when the client's handshake is over.
			atServer: isAny,
		},
		"client has one of another authority": {
			server: needsClient,
			client: func(c *tls.Config) {
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					s := strange()
					return &s, nil
				}
			},
			atServer: isVerification,
		},
		"chosen by name": {
			server: func(c *tls.Config) {
				c.Certificates = nil
				c.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
					if hello.ServerName != serverName {
						return nil, fmt.Errorf("asked for %q", hello.ServerName)
					}
					g := good()
					return &g, nil
				}
			},
		},
		"no protocol in common": {
			server:   func(c *tls.Config) { c.NextProtos = []string{"a"} },
			client:   func(c *tls.Config) { c.NextProtos = []string{"b"} },
			atClient: isRemote, atServer: isAny,
		},
		"no version in common": {
			server:   func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 },
			client:   func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
			atClient: isRemote, atServer: isAny,
		},
		"no name to check": {
			client:   func(c *tls.Config) { c.ServerName = "" },
			atClient: isAny, atServer: isAny,
		},
	} {
		t.Run(name, func(t *testing.T) {
			alsoSimulated(t, func(t *testing.T, w *world) {
				server, clientOf := serverConfig(0), clientConfig(0)
				if test.server != nil {
					test.server(server)
				}
				if test.client != nil {
					test.client(clientOf)
				}
				m := newMemory()
				a, b := w.pair()
				var s, c secure.Conn
				s.Server(a, server)
				c.Client(b, clientOf)
				var atServer, atClient result
				s.Handshake(m.with(closes(&atServer, a)))
				c.Handshake(m.with(closes(&atClient, b)))
				w.await(&atServer, &atClient)
				wantServer, wantClient := test.atServer, test.atClient
				if w.Backend() == "sim" && wantServer != nil && wantClient != nil {
					wantServer = isAny // the reset of a peer that was quicker, in bad weather
				}
				check(t, "server", atServer.err, wantServer)
				check(t, "client", atClient.err, wantClient)
				m.check(t)
				var late result
				failed := test.atServer != nil
				if !failed {
					return
				}
				s.Read(make([]byte, 1), m.with(&late))
				w.await(&late)
				late.want(t, 0, atServer.err)
				if s.ConnectionState().HandshakeComplete {
					t.Error("the handshake has failed, and is complete")
				}
				m.check(t)
			})
		})
	}
}

// closes returns a handler that passes its result on, and closes the connection if that
// is an error.
func closes(r *result, c *platform.Conn) ops.Handler {
	return ops.HandlerFunc(func(n int, err error) {
		if err != nil {
			c.Close()
		}
		r.Complete(n, err)
	})
}

func needsClient(c *tls.Config) {
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ours().pool
}

func isAny(err error) bool { return err != nil }

func isVerification(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e)
}

// isRemote reports whether the peer has said what is wrong.
func isRemote(err error) bool {
	var e *net.OpError
	return errors.As(err, &e) && e.Op == "remote error"
}

func check(t *testing.T, who string, err error, is func(error) bool) {
	t.Helper()
	if is == nil && err != nil || is != nil && !is(err) {
		t.Errorf("the %s is told %v", who, err)
	}
}
