package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A redisServer is a Redis server without anything on disk.
type redisServer struct {
	*server
	address, socket string
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		missing(t, "redis-server", err)
	}
	s := newServer(t, "TERM", func(*exec.Cmd) {})
	port, socket := freePort(t), filepath.Join(s.dir, "s")
	s.command = []string{program, "--bind", "127.0.0.1", "--port", port, "--unixsocket", socket, "--save", "", "--appendonly", "no"}
	s.start()
	t.Cleanup(s.stop)
	return &redisServer{s, net.JoinHostPort("127.0.0.1", port), socket}
}

// client returns a client that never tries anything twice, and is closed with the test.
func (s *redisServer) client(t *testing.T, w *world, change ...func(*redis.Options)) *redis.Client {
	o := redisOptions(w.dialer, s.address)
	o.MaxRetries, o.DialerRetries = -1, 1
	for _, f := range change {
		f(o)
	}
	c := redis.NewClient(o)
	t.Cleanup(func() { c.Close() })
	return c
}

// silent is a log for what go-redis says of servers that a test has stopped.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func TestRedis(t *testing.T) {
	s := startRedis(t)
	redis.SetLogger(silent{})
	each(t, func(t *testing.T, w *world) {
		for name, test := range map[string]func(*testing.T, *world, *redisServer){
			"values":      redisValues,
			"pipeline":    redisPipeline,
			"transaction": redisTransaction,
			"subscribe":   redisSubscribe,
			"blocking":    redisBlocking,
			"timeout":     redisTimeout,
			"pool":        redisPool,
			"stopped":     redisStopped,
		} {
			t.Run(name, func(t *testing.T) {
				if err := s.client(t, w).FlushAll(soon(t)).Err(); err != nil {
					t.Fatal(err)
				}
				test(t, w, s)
			})
		}
	})
}

// redisValues has values of many sizes come back, over TCP and over a unix socket.
func redisValues(t *testing.T, w *world, s *redisServer) {
	ctx := soon(t)
	for _, address := range []string{s.address, s.socket} {
		c := redis.NewClient(redisOptions(w.dialer, address))
		defer c.Close()
		for size := 0; size <= 1<<20; size = 4*size + 1 {
			value := strings.Repeat("\x00\r\n\xff", size/4+1)[:size]
			if err := c.Set(ctx, "value", value, 0).Err(); err != nil {
				t.Fatalf("Set of %d bytes: %v", size, err)
			}
			if got, err := c.Get(ctx, "value").Result(); got != value || err != nil {
				t.Fatalf("Get returns %d of %d bytes, %v", len(got), size, err)
			}
		}
		if err := c.Get(ctx, "nothing").Err(); err != redis.Nil {
			t.Errorf("Get of nothing: %v", err)
		}
	}
}

// redisPipeline sends many commands before it reads an answer, more than the buffers of a
// socket hold.
func redisPipeline(t *testing.T, w *world, s *redisServer) {
	ctx := soon(t)
	value := strings.Repeat("heirloom", 128)
	n := times(2000)
	commands, err := s.client(t, w).Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range n {
			p.Set(ctx, fmt.Sprint(i), fmt.Sprint(i, value), 0)
			p.Get(ctx, fmt.Sprint(i))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if got := commands[2*i+1].(*redis.StringCmd).Val(); got != fmt.Sprint(i, value) {
			t.Fatalf("answer %d is %.20q", i, got)
		}
	}
}

// redisTransaction has a transaction fail because what it watches has changed.
func redisTransaction(t *testing.T, w *world, s *redisServer) {
	ctx := soon(t)
	c := s.client(t, w)
	for _, changes := range []bool{false, true} {
		err := c.Watch(ctx, func(tx *redis.Tx) error {
			if changes {
				if err := c.Incr(ctx, "watched").Err(); err != nil {
					return err
				}
			}
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.IncrBy(ctx, "watched", 10)
				return nil
			})
			return err
		}, "watched")
		if changes != (err == redis.TxFailedErr) || !changes && err != nil {
			t.Errorf("with a change (%v): %v", changes, err)
		}
	}
	if got, err := c.Get(ctx, "watched").Int(); got != 11 || err != nil {
		t.Errorf("the value is %d, %v", got, err)
	}
}

// redisSubscribe receives what is published, in order, and ends a receive by Close.
func redisSubscribe(t *testing.T, w *world, s *redisServer) {
	ctx := soon(t)
	c := s.client(t, w)
	sub := c.Subscribe(ctx, "news")
	defer sub.Close()
	if _, err := sub.Receive(ctx); err != nil { // that it has subscribed
		t.Fatal(err)
	}
	n := times(500)
	published := later(func() error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := range n {
				p.Publish(ctx, "news", i)
			}
			return nil
		})
		return err
	})
	for i := range n {
		m, err := sub.ReceiveMessage(ctx)
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		if m.Payload != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, m.Payload)
		}
	}
	if err := want(t, "Publish", published); err != nil {
		t.Error(err)
	}
	received := later(func() error { _, err := sub.Receive(ctx); return err })
	sub.Close()
	if err := want(t, "Receive", received); err == nil {
		t.Error("there was something to receive from what is closed")
	}
}

// blocked waits until a client is blocked in a command.
func (s *redisServer) blocked(t *testing.T, w *world) {
	t.Helper()
	c := s.client(t, w)
	until(t, "a blocked client", func() (bool, error) {
		info, err := c.Info(soon(t), "clients").Result()
		return strings.Contains(info, "blocked_clients:1\r\n"), err
	})
}

// redisBlocking has a blocking pop end by what is pushed, by the deadline of its context,
// and, when its context is cancelled, with its client.
func redisBlocking(t *testing.T, w *world, s *redisServer) {
	c := s.client(t, w)
	pop := func(ctx context.Context, c *redis.Client) chan error {
		return later(func() error { return c.BLPop(ctx, 0, "list").Err() })
	}
	popped := pop(soon(t), c)
	s.blocked(t, w)
	if err := c.RPush(soon(t), "list", "x").Err(); err != nil {
		t.Fatal(err)
	}
	if err := want(t, "BLPop", popped); err != nil {
		t.Error(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := want(t, "BLPop", pop(ctx, c))
	if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
		t.Errorf("at the deadline of its context: %v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	other := s.client(t, w)
	stop := context.AfterFunc(ctx, func() { other.Close() })
	defer stop()
	popped = pop(ctx, other)
	s.blocked(t, w)
	cancel()
	if err := want(t, "BLPop", popped); !errors.Is(err, net.ErrClosed) {
		t.Errorf("when its client is closed: %v", err)
	}
	if err := c.Ping(soon(t)).Err(); err != nil {
		t.Errorf("another client: %v", err)
	}
}

// redisTimeout has a server not answer in time: in that of the client, and in that of a
// context.
func redisTimeout(t *testing.T, w *world, s *redisServer) {
	c := s.client(t, w)
	impatient := s.client(t, w, func(o *redis.Options) { o.ReadTimeout = 10 * time.Millisecond })
	if err := c.Do(soon(t), "client", "pause", 1000*patience.Seconds(), "write").Err(); err != nil {
		t.Fatal(err)
	}
	if err := impatient.Set(soon(t), "x", "", 0).Err(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a command of a client with a timeout: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Set(ctx, "x", "", 0).Err(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a command with a context that times out: %v", err)
	}
	if err := c.Do(soon(t), "client", "unpause").Err(); err != nil {
		t.Fatal(err)
	}
	// The answer that comes too late must not be that of another command.
	for i := range 10 {
		if got, err := c.Echo(soon(t), i).Result(); got != fmt.Sprint(i) || err != nil {
			t.Errorf("Echo %d: %v, %v", i, got, err)
		}
	}
}

// redisPool has 32 goroutines share 8 connections.
func redisPool(t *testing.T, w *world, s *redisServer) {
	ctx := soon(t)
	c := s.client(t, w, func(o *redis.Options) { o.PoolSize, o.MaxActiveConns = 8, 8 })
	var all sync.WaitGroup
	rounds := times(20)
	for i := range 32 {
		all.Go(func() {
			key := fmt.Sprint("key", i)
			for j := range rounds {
				value := strings.Repeat(fmt.Sprint(i, " ", j, " "), 1+100*(j%10))
				if err := c.Set(ctx, key, value, 0).Err(); err != nil {
					t.Error(err)
					return
				}
				if got, err := c.Get(ctx, key).Result(); got != value || err != nil {
					t.Errorf("%s is %.20q, %v; want %.20q", key, got, err, value)
					return
				}
				if err := c.Incr(ctx, "shared").Err(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait(t, "the goroutines", all.Wait)
	if got, err := c.Get(ctx, "shared").Int(); got != 32*rounds || err != nil {
		t.Errorf("counted %d of %d, %v", got, 32*rounds, err)
	}
}

// redisStopped stops the server while a client waits for it.
func redisStopped(t *testing.T, w *world, s *redisServer) {
	c := s.client(t, w)
	popped := later(func() error { return c.BLPop(soon(t), 0, "list").Err() })
	s.blocked(t, w)
	s.stop()
	if err := want(t, "BLPop", popped); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("when the server ends: %v", err)
	}
	if err := s.client(t, w).Ping(soon(t)).Err(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("without a server: %v", err)
	}
	s.start()
	// The pool may have a connection left that the server has closed.
	until(t, "the next server", func() (bool, error) { return c.Ping(soon(t)).Err() == nil, nil })
}
