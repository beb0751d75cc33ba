package secure_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/secure"
)

// program returns a command of a program that is not Go's, and skips the test if it is not
// there.
func program(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not there", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c := exec.CommandContext(ctx, path, args...)
	c.WaitDelay = time.Second
	return c
}

// An output is what a program has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *output) count(part string) int { return strings.Count(o.String(), part) }

// TestOpenSSLClient has openssl at the other end, which changes its keys in the midst, and
// wants to have ours changed too.
func TestOpenSSLClient(t *testing.T) {
	_, _, roots := writePEM(t, good())
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				l, err := w.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				flag := "-tls1_" + name[2:]
				client := program(t, "openssl", "s_client", "-connect", l.Addr().String(), "-servername", serverName,
					"-verify_return_error", "-CAfile", roots, flag)
				in, err := client.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				var out output
				client.Stdout, client.Stderr = &out, &out
				if err := client.Start(); err != nil {
					t.Fatal(err)
				}
				m := newMemory()
				var served result
				lines, updates := 0, 0
				w.Spawn(m.with(&served), func(co *platform.Co) error {
					var below platform.Conn
					if err := co.Accept(l, &below); err != nil {
						return err
					}
					defer below.Close()
					var c secure.Conn
					c.Server(&below, serverConfig(version))
					if _, err := co.Await(func(h ops.Handler) { c.Handshake(m.with(h)) }); err != nil {
						return err
					}
					r := ops.NewBufferedReader(&c, make([]byte, 100))
					commands := []string{"one", "K", "two", "K", "three", "Q"}
					if name == "1.2" {
						commands = []string{"one", "two", "three", "Q"}
					}
					for _, line := range commands {
						fmt.Fprintln(in, line)
						if line == "K" { // openssl must not read more with it
							updates++
							for out.count("KEYUPDATE") < updates {
								if err := co.Sleep(time.Millisecond); err != nil {
									return err
								}
							}
						}
						if len(line) == 1 {
							continue
						}
						if _, err := co.Await(r.ReadLine); err != nil {
							return fmt.Errorf("%s: %w", line, err)
						}
						if string(r.Bytes()) != line {
							return fmt.Errorf("%q has come, not %q", r.Bytes(), line)
						}
						lines++
						if _, err := co.Write(&c, []byte("echo of "+line+"\n")); err != nil {
							return err
						}
					}
					if _, err := co.Read(&c, make([]byte, 1)); err != io.EOF {
						return fmt.Errorf("at the end: %v", err)
					}
					return nil
				})
				w.await(&served)
				in.Close()
				if err := client.Wait(); err != nil {
					t.Errorf("%v\n%s", err, out.String())
				}
				served.want(t, 0, nil)
				if lines != 3 || out.count("echo of three") != 1 {
					t.Errorf("%d lines have come, and openssl says\n%s", lines, out.String())
				}
				m.check(t)
			})
		})
	}
}

// TestOpenSSLServer is a client of openssl, which wants to have a certificate and answers
// with what it was sent.
func TestOpenSSLServer(t *testing.T) {
	chain, key, roots := writePEM(t, good())
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				server := program(t, "openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", chain, "-key", key,
					"-CAfile", roots, "-Verify", "1", "-verify_return_error", "-rev")
				out, err := server.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := server.Start(); err != nil {
					t.Fatal(err)
				}
				defer server.Wait()
				defer server.Process.Kill()
				address := ""
				for b := make([]byte, 1000); address == ""; {
					n, err := out.Read(b)
					if err != nil {
						t.Fatalf("openssl does not listen: %v", err)
					}
					if _, rest, ok := strings.Cut(string(b[:n]), "ACCEPT "); ok {
						address, _, _ = strings.Cut(rest, "\n")
					}
				}
				go io.Copy(io.Discard, out)
				config := clientConfig(version)
				config.Certificates = append(config.Certificates, client())
				m := newMemory()
				w.do(func(co *platform.Co) error {
					var below platform.Conn
					if err := co.Connect(&below, "tcp", address); err != nil {
						return err
					}
					defer below.Close()
					var c secure.Conn
					c.Client(&below, config)
					if _, err := co.Await(func(h ops.Handler) { c.Handshake(m.with(h)) }); err != nil {
						return err
					}
					r := ops.NewBufferedReader(&c, make([]byte, 5000))
					for _, line := range []string{"heirloom", strings.Repeat("x", 4000)} {
						if _, err := co.Write(&c, []byte(line+"\n")); err != nil {
							return err
						}
						if _, err := co.Await(r.ReadLine); err != nil {
							return err
						}
						want := []byte(line)
						for i, b := range []byte(line) {
							want[len(want)-1-i] = b
						}
						if !bytes.Equal(r.Bytes(), want) {
							return fmt.Errorf("%.50q has come", r.Bytes())
						}
					}
					_, err := co.Await(c.Shutdown)
					return err
				})
				m.check(t)
			})
		})
	}
}

// TestRenegotiation has openssl want another handshake, as either end, which ends the
// connection: it must neither be had nor hang.
func TestRenegotiation(t *testing.T) {
	chain, key, roots := writePEM(t, good())
	for name, test := range map[string]struct {
		ours bool // whether the server is
		want string
	}{
		"client": {false, "no renegotiation"},
		"server": {true, "unexpected handshake message"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				var l *platform.Listener
				args := []string{"s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert", chain, "-key", key}
				if test.ours {
					var err error
					if l, err = w.Listen("tcp", "127.0.0.1:0"); err != nil {
						t.Fatal(err)
					}
					defer l.Close()
					args = []string{"s_client", "-connect", l.Addr().String(), "-CAfile", roots, "-tls1_2"}
				}
				other := program(t, "openssl", args...)
				in, err := other.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				var out output
				other.Stdout, other.Stderr = &out, &out
				if err := other.Start(); err != nil {
					t.Fatal(err)
				}
				defer other.Wait()
				defer other.Process.Kill()
				m := newMemory()
				config := clientConfig(tls.VersionTLS12)
				config.Renegotiation = tls.RenegotiateFreelyAsClient
				var read error
				w.do(func(co *platform.Co) (err error) {
					var below platform.Conn
					var c secure.Conn
					if test.ours {
						if err = co.Accept(l, &below); err == nil {
							c.Server(&below, serverConfig(tls.VersionTLS12))
						}
					} else {
						var address string
						if address, err = listens(co, &out); err == nil {
							err = co.Connect(&below, "tcp", address)
						}
						if err == nil {
							c.Client(&below, config)
						}
					}
					if err != nil {
						return err
					}
					defer below.Close()
					if _, err := co.Await(func(h ops.Handler) { c.Handshake(m.with(h)) }); err != nil {
						return err
					}
					fmt.Fprintln(in, "a line")
					buf := make([]byte, 7)
					if _, err := co.ReadFull(&c, buf); err != nil {
						return err
					}
					fmt.Fprintln(in, map[bool]string{true: "R", false: "r"}[test.ours])
					_, read = co.Read(&c, buf)
					return nil
				})
				if read == nil || !strings.Contains(read.Error(), test.want) {
					t.Errorf("the read is told %v, want %q; openssl says\n%s", read, test.want, out.String())
				}
				m.check(t)
			})
		})
	}
}

// listens waits until a server says where it does.
func listens(co *platform.Co, out *output) (address string, err error) {
	for {
		if _, rest, ok := strings.Cut(out.String(), "ACCEPT "); ok {
			if address, _, ok = strings.Cut(rest, "\n"); ok {
				return address, nil
			}
		}
		if err := co.Sleep(time.Millisecond); err != nil {
			return "", err
		}
	}
}

// TestCurl serves a page to curl.
func TestCurl(t *testing.T) {
	_, _, roots := writePEM(t, good())
	page := strings.Repeat("heirloom ", 30_000)
	each(t, func(t *testing.T, w *world) {
		l, err := w.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		_, port, _ := strings.Cut(l.Addr().String(), ":")
		curl := program(t, "curl", "-sS", "--noproxy", "*", "--http1.1", "--cacert", roots, "--resolve", serverName+":"+port+":127.0.0.1",
			"https://"+serverName+":"+port+"/")
		var out, errs bytes.Buffer
		curl.Stdout, curl.Stderr = &out, &errs
		if err := curl.Start(); err != nil {
			t.Fatal(err)
		}
		m := newMemory()
		config := serverConfig(0)
		config.NextProtos = []string{"http/1.1"}
		w.do(func(co *platform.Co) error {
			var below platform.Conn
			if err := co.Accept(l, &below); err != nil {
				return err
			}
			defer below.Close()
			var c secure.Conn
			c.Server(&below, config)
			if _, err := co.Await(func(h ops.Handler) { c.Handshake(m.with(h)) }); err != nil {
				return err
			}
			r := ops.NewBufferedReader(&c, make([]byte, 4000))
			for {
				if _, err := co.Await(r.ReadLine); err != nil {
					return err
				}
				if len(r.Bytes()) == 0 {
					break
				}
			}
			head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", len(page))
			if _, err := co.Write(&c, []byte(head+page)); err != nil {
				return err
			}
			_, err := co.Await(c.Shutdown)
			return err
		})
		if err := curl.Wait(); err != nil || out.String() != page {
			t.Errorf("curl ends with %v, %d bytes of %d, and says %s", err, out.Len(), len(page), errs.String())
		}
		m.check(t)
	})
}
