// Package fasthttp has a client of fasthttp read answers that come in pieces.
package fasthttp

import (
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/valyala/fasthttp"
)

// TestAnswers: what a client gets from a server that keeps to the protocol is the answer to
// its request, or part of it, or an error of the network.
func TestAnswers(t *testing.T) {
	weather := sim.Stormy()
	weather.MaxDelay = 2 * time.Second
	weather.SlowCancel = 0 // net/http closes connections with a mutex held
	weather.NoBuffers = 0  // net/http goes on after a write that has failed
	rediscover.Hunt(t, rediscover.Case{
		Weather:  weather,
		Programs: 300,
		Shows:    `violated: the answer to \d+ `,
	}, answers)
}

const address = "127.0.0.1:80"

func answers(w *rediscover.World) {
	l := w.Listen(address)
	server := http.Server{
		ErrorLog: log.New(io.Discard, "", 0), // accepts fail now and then
		Handler:  http.HandlerFunc(answer),
	}
	served := make(chan error)
	go func() { served <- server.Serve(l) }()
	client := &fasthttp.HostClient{
		Addr:               address,
		Dial:               func(address string) (net.Conn, error) { return w.Dial("tcp", address) },
		StreamResponseBody: true,
		ReadTimeout:        5 * time.Second,
	}
	var clients sync.WaitGroup
	for i := range uint64(3) {
		clients.Go(func() {
			r := w.Random(i)
			for range 8 {
				ask(w, client, r.Uint64())
				rediscover.Pause(r, time.Second)
			}
		})
	}
	w.Within(time.Hour, "a request", clients.Wait)
	client.CloseIdleConnections()
	server.Close()
	<-served
}

const pieces = 8

// answer says a number in pieces. For some of them it takes its time.
func answer(w http.ResponseWriter, req *http.Request) {
	var n uint64
	fmt.Sscanf(req.URL.Path, "/%d", &n)
	r := rand.New(rand.NewPCG(n, 0))
	for range pieces {
		if r.IntN(8) == 0 {
			rediscover.Pause(r, 10*time.Second)
		}
		fmt.Fprintln(w, n)
		w.(http.Flusher).Flush()
	}
}

// ask asks for a number.
func ask(w *rediscover.World, client *fasthttp.HostClient, n uint64) {
	req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(resp)
	req.SetRequestURI(fmt.Sprint("http://", address, "/", n))
	if err := client.Do(req, resp); err != nil {
		if !ofNetwork(err) {
			w.Violated("the answer to %d is no answer: %v", n, err)
		}
		return
	}
	defer resp.CloseBodyStream()
	got, err := io.ReadAll(resp.BodyStream())
	want := strings.Repeat(fmt.Sprintln(n), pieces)
	if !strings.HasPrefix(want, string(got)) || err == nil && want != string(got) {
		w.Violated("the answer to %d is %q, %v", n, got, err)
	}
}

// ofNetwork reports whether an error is one that a network can cause.
func ofNetwork(err error) bool {
	var op net.Error
	return errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, fasthttp.ErrConnectionClosed) || errors.Is(err, fasthttp.ErrTimeout)
}
