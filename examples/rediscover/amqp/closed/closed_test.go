// Package closed has several goroutines close a connection to a message broker.
package closed

import (
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/examples/rediscover"
	"github.com/heirloom-go/heirloom/examples/rediscover/amqp/broker"
	"github.com/heirloom-go/heirloom/platform/sim"
	amqp "github.com/rabbitmq/amqp091-go"
)

// TestNothingLeft: of a connection that has been closed, no goroutine is left. The bubble sees
// to that.
func TestNothingLeft(t *testing.T) {
	weather := sim.Stormy()
	weather.MaxDelay = 2 * time.Second
	weather.SlowCancel = 0 // the library closes connections with a mutex held
	rediscover.Hunt(t, rediscover.Case{
		Weather:  weather,
		Programs: 10000,
		Shows:    `amqp091-go\.\(\*Connection\)\.dispatch0`,
	}, nothingLeft)
}

func nothingLeft(w *rediscover.World) {
	const address = "127.0.0.1:5672"
	b := broker.Serve(w.Listen(address))
	if c, err := w.Dial("tcp", address); err == nil {
		conn, err := amqp.Open(rediscover.NewBuffered(c), amqp.Config{
			SASL:  []amqp.Authentication{&amqp.PlainAuth{Username: "guest", Password: "guest"}},
			Vhost: "/",
		})
		if err == nil {
			var clients sync.WaitGroup
			for i := range uint64(4) {
				clients.Go(func() {
					rediscover.Pause(w.Random(i), time.Millisecond)
					conn.Close()
				})
			}
			w.Within(time.Hour, "Close", clients.Wait)
		}
		c.Close()
	}
	b.Close()
}
