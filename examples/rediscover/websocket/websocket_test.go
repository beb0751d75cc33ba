// Package websocket has servers push messages to clients that leave in every way that there is.
package websocket

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/platform/sim"
	"nhooyr.io/websocket"
)

// TestLeave: when a client has gone, whatever it has said, its handler ends.
func TestLeave(t *testing.T) {
	weather := sim.Stormy()
	weather.MaxDelay = 2 * time.Second
	weather.SlowCancel = 0 // the library closes connections with a mutex held
	weather.NoBuffers = 0  // it goes on after a write that has failed
	rediscover.Hunt(t, rediscover.Case{
		Weather:  weather,
		Programs: 200,
		Shows:    `websocket\.\(\*Conn\)\.CloseRead`,
	}, leave)
}

const address = "127.0.0.1:80"

func leave(w *rediscover.World) {
	l := w.Listen(address)
	var handlers sync.WaitGroup
	server := http.Server{
		ErrorLog: log.New(io.Discard, "", 0), // accepts fail now and then
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			handlers.Add(1)
			defer handlers.Done()
			push(rw, req)
		}),
	}
	served := make(chan error)
	go func() { served <- server.Serve(l) }()
	var clients sync.WaitGroup
	for i := range uint64(3) {
		clients.Go(func() { visit(w, i) })
	}
	w.Within(time.Hour, "a client", clients.Wait)
	w.Within(time.Hour, "a handler whose client has gone", handlers.Wait)
	server.Close()
	<-served
}

// push sends messages and pings until the client has gone.
func push(rw http.ResponseWriter, req *http.Request) {
	c, err := websocket.Accept(rw, req, nil)
	if err != nil {
		return
	}
	ctx := c.CloseRead(context.Background())
	var pushing sync.WaitGroup
	pushing.Go(func() {
		text := bytes.Repeat([]byte("message "), 100)
		for c.Write(ctx, websocket.MessageText, text) == nil {
			time.Sleep(time.Second)
		}
	})
	pushing.Go(func() {
		for c.Ping(ctx) == nil {
			time.Sleep(time.Second)
		}
	})
	pushing.Wait()
	c.Close(websocket.StatusNormalClosure, "")
}

// visit reads some messages, and leaves.
func visit(w *rediscover.World, i uint64) {
	r := w.Random(i)
	var conn net.Conn
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (c net.Conn, err error) {
		c, err = w.DialContext(ctx, network, address)
		conn = c
		return c, err
	}}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+address, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return
	}
	for range r.IntN(5) {
		if _, _, err := c.Read(ctx); err != nil {
			break
		}
	}
	rediscover.Pause(r, 2*time.Second)
	switch r.IntN(3) {
	case 0:
		c.Write(ctx, websocket.MessageText, []byte("a message that nobody expects"))
		rediscover.Pause(r, 10*time.Second)
	case 1:
		conn.Close()
	}
	c.Close(websocket.StatusNormalClosure, "")
}
