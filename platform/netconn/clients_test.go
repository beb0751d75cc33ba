package netconn_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform/netconn"
)

// certificate is that of package httptest, which is for example.com.
func certificate(t testing.TB) (server, client *tls.Config) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{RootCAs: roots, ServerName: "example.com"}
}

// TestHTTP has the server and the client of net/http talk to each other: HTTP/1.1, and
// HTTP/2 over TLS.
func TestHTTP(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	each(t, func(w *world) {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			w.T.Run(proto, func(t *testing.T) {
				w := &world{w.Proactor, t, w.name, w.options, w.over}
				l := w.listen("tcp")
				s := &http.Server{
					Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
						if r.Proto != proto {
							t.Errorf("the protocol is %s", r.Proto)
						}
						if r.URL.Path == "/slow" {
							<-r.Context().Done() // the client goes away
							return
						}
						rw.Header().Set("From", r.RemoteAddr)
						body, err := io.ReadAll(r.Body) // HTTP/1.1 answers when all is read
						if err != nil {
							t.Error(err)
						}
						rw.Write(body)
					}),
					TLSConfig: serverTLS.Clone(),
				}
				serve := func() error { return s.Serve(l) }
				d := netconn.Dialer{Proactor: w.Proactor}
				transport := &http.Transport{DialContext: d.DialContext, TLSClientConfig: clientTLS.Clone(), ForceAttemptHTTP2: true}
				defer transport.CloseIdleConnections()
				url := "http://" + l.Addr().String()
				if proto == "HTTP/2.0" {
					serve = func() error { return s.ServeTLS(l, "", "") }
					url = "https://" + l.Addr().String()
				}
				served := w.ended(serve)
				client := &http.Client{Transport: transport}

				post := func(body []byte) {
					r, err := client.Post(url, "", bytes.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					defer r.Body.Close()
					got, err := io.ReadAll(r.Body)
					if err != nil || !bytes.Equal(got, body) {
						t.Errorf("%d of %d bytes come back, %v", len(got), len(body), err)
					}
				}
				post([]byte("the first, for which a connection is made"))
				var requests sync.WaitGroup
				for i := range 8 {
					requests.Go(func() {
						post(bytes.Repeat([]byte{byte(i)}, 1<<(2*i)))
					})
				}
				w.wait("the requests", requests.Wait)

				ctx, cancel := context.WithCancel(t.Context())
				slow, err := http.NewRequestWithContext(ctx, "GET", url+"/slow", nil)
				if err != nil {
					t.Fatal(err)
				}
				answered := w.ended(func() error { _, err := client.Do(slow); return err })
				cancel()
				if err := w.want("a request that is cancelled", answered); !errors.Is(err, context.Canceled) {
					t.Errorf("a request that is cancelled: %v", err)
				}

				// HTTP/2 takes a second to say goodbye, or for ever, and a connection that was made
				// in vain is waited for five.
				transport.CloseIdleConnections()
				soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				defer cancel()
				w.wait("Shutdown", func() {
					if err := s.Shutdown(soon); err != nil {
						s.Close()
					}
				})
				if err := w.want("Serve", served); err != http.ErrServerClosed {
					t.Errorf("Serve: %v", err)
				}
			})
		}
	})
}

// TestTLS has crypto/tls at both ends, with a deadline that ends a handshake.
func TestTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	each(t, func(w *world) {
		a, b := w.pair()
		served := w.ended(func() error { return echo(tls.Server(b, serverTLS)) })
		c := tls.Client(a, clientTLS)
		text := bytes.Repeat([]byte("heirloom"), 1<<14)
		wrote := w.ended(func() error {
			if _, err := c.Write(text); err != nil {
				return err
			}
			return c.CloseWrite()
		})
		got, err := io.ReadAll(c)
		if err != nil || !bytes.Equal(got, text) {
			w.Errorf("%d of %d bytes come back, %v", len(got), len(text), err)
		}
		if err := errors.Join(w.want("Write", wrote), w.want("echo", served)); err != nil {
			w.Error(err)
		}

		a, _ = w.pair()
		a.SetDeadline(w.Now().Add(time.Millisecond))
		err = w.want("a handshake that nobody answers", w.ended(tls.Client(a, clientTLS).Handshake))
		if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
			w.Errorf("a handshake that nobody answers: %v", err)
		}
	})
}

// TestSMTP sends a mail by net/smtp.
func TestSMTP(t *testing.T) {
	each(t, func(w *world) {
		l := w.listen("tcp")
		var mail strings.Builder
		served := w.ended(func() error {
			c, err := l.Accept()
			if err != nil {
				return err
			}
			defer c.Close()
			in := bufio.NewReader(c)
			fmt.Fprint(c, "220 example.com\r\n")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return err
				}
				switch command, _, _ := strings.Cut(strings.TrimSpace(line), " "); command {
				case "DATA":
					fmt.Fprint(c, "354 go on\r\n")
					for line, err = in.ReadString('\n'); line != ".\r\n" && err == nil; line, err = in.ReadString('\n') {
						mail.WriteString(line)
					}
					if err != nil {
						return err
					}
				case "QUIT":
					_, err := fmt.Fprint(c, "221 bye\r\n")
					return err
				}
				fmt.Fprint(c, "250 fine\r\n")
			}
		})
		d := netconn.Dialer{Proactor: w.Proactor}
		conn, err := d.Dial("tcp", l.Addr().String())
		if err != nil {
			w.Fatal(err)
		}
		c, err := smtp.NewClient(conn, "example.com")
		if err != nil {
			w.Fatal(err)
		}
		defer c.Close()
		err = errors.Join(c.Hello("localhost"), c.Mail("from@example.com"), c.Rcpt("to@example.com"))
		if err != nil {
			w.Fatal(err)
		}
		data, err := c.Data()
		if err != nil {
			w.Fatal(err)
		}
		fmt.Fprint(data, "Subject: chains\n\nhello\n")
		if err := errors.Join(data.Close(), c.Quit(), w.want("the server", served)); err != nil {
			w.Fatal(err)
		}
		if mail.String() != "Subject: chains\r\n\r\nhello\r\n" {
			w.Errorf("the mail is %q", mail.String())
		}
	})
}
