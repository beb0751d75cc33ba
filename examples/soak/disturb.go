package main

import (
	"context"
	"math/rand/v2"
	"net"
	"time"

	"github.com/heirloom-go/heirloom/ops"
)

// disturb cancels what is outstanding at random ends of random connections,
// and now and then an accept, until ctx is done. It does so from handlers that
// it posts, and if the proactor has several runners also from outside. Nobody
// may lose anything by it.
func (t *trial) disturb(ctx context.Context) {
	posts := &t.posts
	posts.reads.then = func(_ int, err error) {
		if err == nil || posts.again(err) {
			t.cancelSome(posts.rng)
		}
	}
	rng := rand.New(rand.NewPCG(t.seed, 1<<34))
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if t.runners > 1 && rng.IntN(2) == 0 {
			t.cancelSome(rng)
		} else if !posts.busy() && !posts.turn.taken.Load() { // its last handler has returned
			posts.reads.start(func() { ops.Post(t.proactor, &posts.reads) })
		}
	}
}

// cancelSome cancels a connection in a thousand.
func (t *trial) cancelSome(rng *rand.Rand) {
	cancel := func(s *side) {
		if s.opened.Load() {
			s.canceled.Store(true)
			s.conn.Cancel()
		}
	}
	for range 1 + t.conns/1000 {
		cancel(&t.clients[rng.IntN(len(t.clients))].side)
		t.mu.Lock()
		if n := len(t.sessions); n > 0 {
			cancel(&t.sessions[rng.IntN(n)].side) // and it is not given away meanwhile
		}
		t.mu.Unlock()
	}
	if rng.IntN(64) == 0 {
		for _, a := range t.acceptors {
			a.canceled.Store(true)
		}
		t.listeners[rng.IntN(len(t.listeners))].Cancel()
	}
}

// rawClients is how many clients there are that do not use this library.
const rawClients = 4

// resetFromOutside connects with package net, which can ask for a reset
// whenever a connection is closed, and closes at any moment of a conversation,
// until ctx is done.
func (t *trial) resetFromOutside(ctx context.Context, index int) {
	rng := rand.New(rand.NewPCG(t.seed, 1<<35+uint64(index)))
	var dialer net.Dialer
	var line [helloSize]byte
	hello{end: reset}.put(&line)
	b := make([]byte, maxBuffer)
	for ctx.Err() == nil {
		conn, err := dialer.DialContext(ctx, "tcp", t.addresses[rng.IntN(len(t.addresses))])
		if err == nil {
			c := conn.(*net.TCPConn)
			c.SetLinger(0)
			c.SetDeadline(time.Now().Add(time.Second))
			cut := rng.IntN(helloSize + 1)
			c.Write(line[:cut])
			if rng.IntN(2) == 0 {
				c.Write(line[cut:])
				c.Write(noise[:rng.IntN(maxMessage)])
				c.Read(b)
			}
			c.Close()
			t.count(resets)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(rng.IntN(5_000)) * time.Microsecond):
		}
	}
}
