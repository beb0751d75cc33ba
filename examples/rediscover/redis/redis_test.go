// Package redis has go-redis ask a slow server, over a slow network.
package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/platform/sim"
	"github.com/redis/go-redis/v9"
)

// TestAnswers: what a client gets for a key is the value of that key, or an error.
func TestAnswers(t *testing.T) {
	weather := sim.Stormy()
	weather.MaxDelay = 2 * time.Second
	rediscover.Hunt(t, rediscover.Case{
		Weather:  weather,
		Programs: 200,
		Shows:    `violated: key \d+ has the value`,
	}, answers)
}

func answers(w *rediscover.World) {
	redis.SetLogger(silent{})
	const address = "127.0.0.1:6379"
	s := &server{w: w, l: w.Listen(address)}
	go s.serve()
	client := redis.NewClient(&redis.Options{
		Addr:   address,
		Dialer: w.DialContext,
	})
	var clients sync.WaitGroup
	for i := range uint64(4) {
		clients.Go(func() {
			r := w.Random(i)
			for range 8 {
				key := fmt.Sprint(r.IntN(1e6))
				got, err := client.Get(context.Background(), key).Result()
				if err == nil && got != value(key) {
					w.Violated("key %s has the value %q", key, got)
				}
				rediscover.Pause(r, time.Second)
			}
		})
	}
	clients.Wait()
	client.Close()
	s.close()
}

func value(key string) string { return "value of " + key }

// A server has a value for every key. For some answers it takes its time.
type server struct {
	w       *rediscover.World
	l       net.Listener
	serving sync.WaitGroup
}

func (s *server) serve() {
	for i := uint64(100); ; i++ {
		c, err := s.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // accepts fail now and then
		}
		s.serving.Go(func() {
			defer c.Close()
			answer(s.w.Random(i), c)
		})
	}
}

func (s *server) close() {
	s.l.Close()
	s.serving.Wait()
}

func answer(r *rand.Rand, c net.Conn) {
	in := bufio.NewReader(c)
	for {
		command, err := read(in)
		if err != nil {
			return
		}
		if r.IntN(8) == 0 {
			rediscover.Pause(r, 5*time.Second)
		}
		reply := "+OK\r\n"
		switch strings.ToLower(command[0]) {
		case "hello":
			reply = "-ERR unknown command\r\n"
		case "get":
			v := value(command[1])
			reply = fmt.Sprintf("$%d\r\n%s\r\n", len(v), v)
		}
		if _, err := io.WriteString(c, reply); err != nil {
			return
		}
	}
}

// read returns the words of a command.
func read(in *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	words := make([]string, n)
	for i := range words {
		var length int
		if _, err := fmt.Fscanf(in, "$%d\r\n", &length); err != nil {
			return nil, err
		}
		word := make([]byte, length+2)
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		words[i] = string(word[:length])
	}
	return words, nil
}

// silent is a log for what go-redis says of connections that the network has reset.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
