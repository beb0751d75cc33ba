// Package amqp has several goroutines share a connection to a message broker.
package amqp

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/examples/rediscover/amqp/broker"
	"github.com/heirloom-go/heirloom/platform/sim"
	amqp "github.com/rabbitmq/amqp091-go"
)

// TestCalls: each call ends, and its answer is its own.
func TestCalls(t *testing.T) {
	weather := sim.Stormy()
	weather.MaxDelay = 2 * time.Second
	weather.SlowCancel = 0 // the library closes connections with a mutex held
	rediscover.Hunt(t, rediscover.Case{
		Weather:  weather,
		Programs: 200,
		Shows:    `amqp091-go\.\(\*Channel\)\.call`,
	}, calls)
}

const address = "127.0.0.1:5672"

func calls(w *rediscover.World) {
	b := broker.Serve(w.Listen(address))
	if c, err := w.Dial("tcp", address); err == nil {
		conn, err := amqp.Open(rediscover.NewBuffered(c), amqp.Config{
			SASL:  []amqp.Authentication{&amqp.PlainAuth{Username: "guest", Password: "guest"}},
			Vhost: "/",
		})
		if err == nil {
			share(w, conn)
		}
		w.Within(time.Hour, "Close", func() { conn.Close() })
		c.Close()
	}
	b.Close()
}

// share has goroutines declare queues, each on a channel of its own.
func share(w *rediscover.World, conn *amqp.Connection) {
	var clients sync.WaitGroup
	for i := range uint64(4) {
		clients.Go(func() {
			r := w.Random(i)
			for j := range 8 {
				name := fmt.Sprint("queue ", i, " ", j)
				if r.IntN(4) == 0 {
					name = broker.Missing
				}
				declare(w, r, conn, name)
				rediscover.Pause(r, time.Second)
			}
		})
	}
	w.Within(time.Hour, "a call", clients.Wait)
}

// declare declares a queue, and does something with it for a while.
func declare(w *rediscover.World, r *rand.Rand, conn *amqp.Connection, name string) {
	ch, err := conn.Channel()
	if err != nil {
		return
	}
	defer ch.Close()
	q, err := ch.QueueDeclarePassive(name, false, false, false, false, nil)
	if err == nil && q.Name != name {
		w.Violated("queue %q is answered with %q", name, q.Name)
	}
	rediscover.Pause(r, time.Second)
}
