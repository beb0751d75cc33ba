package netconn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// storm is the weather of a network on which little goes well.
func storm() sim.Weather {
	w := sim.Stormy()
	w.MaxDelay = 30 * time.Second
	w.Reset = 64
	return w
}

// TestHTTPInStorms has a server of net/http, which knows nothing of it, on a simulated
// network, in the virtual time of a bubble: minutes of timeouts pass in no time. The seed says
// what the network does, the Go scheduler when each of the goroutines goes on.
func TestHTTPInStorms(t *testing.T) {
	seeds := 500
	if testing.Short() {
		seeds = 50
	}
	var answered, failed, late int
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			s := newStorm(t, uint64(seed))
			s.visit()
			s.end()
			answered, failed, late = answered+s.answered, failed+s.failed, late+s.late
		})
		if t.Failed() {
			t.Fatalf("the seed is %d", seed)
		}
	}
	t.Logf("of %d requests %d were answered, %d failed; %d connections that say nothing were closed after 5 minutes",
		answered+failed, answered, failed, late)
	if answered == 0 || failed == 0 || late == 0 {
		t.Error("the storm is too strong, or too weak")
	}
}

// A stormTest is a server and its clients.
type stormTest struct {
	*testing.T
	p      *platform.Proactor
	server *http.Server
	l      *netconn.Listener
	dialer netconn.Dialer
	ran    chan error
	served chan error

	answered, failed, late int
}

func newStorm(t *testing.T, seed uint64) *stormTest {
	w := sim.New(sim.Seeded(seed), sim.WithWeather(storm()))
	p, err := platform.New(platform.WithCustomBackend(w.Backend))
	if err != nil {
		t.Fatal(err)
	}
	l, err := netconn.Listen(p, "tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	s := &stormTest{T: t, p: p, l: l, dialer: netconn.Dialer{Proactor: p}, ran: make(chan error, 1), served: make(chan error, 1)}
	hold := p.Hold()
	t.Cleanup(hold.Release)
	go func() { s.ran <- p.Run(context.Background()) }()
	s.server = &http.Server{
		ReadTimeout: 5 * time.Minute,
		IdleTimeout: 5 * time.Minute,
		ErrorLog:    log.New(io.Discard, "", 0), // accepts fail now and then
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client has gone, or is too slow
			}
			w.Write(body)
		}),
	}
	go func() { s.served <- s.server.Serve(l) }()
	return s
}

// visit has clients ask for something, and one say nothing.
func (s *stormTest) visit() {
	transport := &http.Transport{DialContext: s.dialer.DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 5 * time.Minute}
	results := make(chan error)
	const clients = 4
	for i := range clients {
		go func() { results <- post(client, bytes.Repeat([]byte{byte(i)}, 700*i)) }()
	}
	silence := make(chan time.Duration)
	go func() { silence <- s.sayNothing() }()
	for range clients {
		if err := <-results; err == nil {
			s.answered++
		} else if _, ok := errors.AsType[wrongAnswer](err); ok {
			s.Error(err)
		} else {
			s.failed++
		}
	}
	// A connection that the network resets ends earlier.
	if took := <-silence; took >= 5*time.Minute {
		s.late++
	}
}

type wrongAnswer string

func (e wrongAnswer) Error() string { return string(e) }

// post has the server send back a text.
func post(c *http.Client, text []byte) error {
	r, err := c.Post("http://127.0.0.1", "", bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	got, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, text) {
		return wrongAnswer(fmt.Sprintf("%d bytes of status %d come back for %d", len(got), r.StatusCode, len(text)))
	}
	return nil
}

// sayNothing connects, and returns how long it has taken the server to close the
// connection, or 0 if there was none.
func (s *stormTest) sayNothing() time.Duration {
	start := time.Now()
	c, err := s.dialer.Dial("tcp", "127.0.0.1:80")
	if err != nil {
		return 0
	}
	defer c.Close()
	c.SetReadDeadline(start.Add(time.Hour))
	if _, err := c.Read(make([]byte, 1)); errors.Is(err, context.DeadlineExceeded) {
		s.Error("the server has not closed the connection for an hour")
	}
	return time.Since(start)
}

// end stops the server, and then the proactor.
func (s *stormTest) end() {
	if err := s.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		s.Errorf("Close: %v", err)
	}
	if err := <-s.served; err != http.ErrServerClosed {
		s.Errorf("Serve: %v", err)
	}
	s.p.Close()
	if err := <-s.ran; !errors.Is(err, net.ErrClosed) {
		s.Errorf("Run: %v", err)
	}
}
