// Package load makes the load of a server and measures it: many connections on one goroutine,
// over raw epoll, so that the load costs little and is the same for every server.
//
// In a closed loop each connection has Depth messages under way and sends the next when one has
// come back. In an open loop messages are sent at a fixed rate, whether the server keeps up or
// not, and a latency counts from the time at which the message should have been sent. So a
// server that stalls is charged for all that had to wait ("coordinated omission").
package load

import (
	"fmt"
	"time"
)

// A Config says what a load is.
type Config struct {
	Address     string // of the server: an IPv4 address and a port
	Connections int
	Size        int     // bytes of a message
	Answer      int     `json:",omitempty"` // bytes of an answer, which is the end of the message; 0 is all of it, an echo
	Depth       int     // messages under way on a connection; 0 means 1
	Rate        float64 // messages a second, over all connections, in an open loop; 0 is a closed loop
	Churn       int     // after this many messages a connection is closed and another opened; 0 is never

	// What is sent during Warmup is not measured. In a closed loop both times are longer if there
	// are many connections: each has two answers before it is measured, and 20 while it is, on
	// average.
	Warmup, Duration time.Duration

	// Server is the process whose processor time is measured, with that of the children that it has
	// once all connections are open; 0 is none.
	Server int

	// HTTP is a path. If it is set, a message is a GET of it, the answer has the length that
	// the first one has, and Size means nothing.
	HTTP string `json:",omitempty"`
}

// A Result is what was measured. Times are in nanoseconds, as JSON has them.
type Result struct {
	Messages    int64         // that came back
	Total       int64         // with those of the warm-up, since all connections were open
	Connections int64         // that were opened in place of others
	ServerCPU   time.Duration // processor time of the server, with its children

	// The latency of a message, in percentiles.
	P50, P99, P999 time.Duration
}

func (c Config) check() error {
	switch {
	case c.Connections < 1:
		return fmt.Errorf("load: %d connections", c.Connections)
	case c.Size < 1 && c.HTTP == "":
		return fmt.Errorf("load: messages of %d bytes", c.Size)
	case c.Answer < 0 || c.Answer > c.Size:
		return fmt.Errorf("load: answers of %d bytes to messages of %d", c.Answer, c.Size)
	case c.Depth < 0 || c.Rate < 0 || c.Churn < 0 || c.Warmup < 0:
		return fmt.Errorf("load: a number below 0 in %+v", c)
	case c.Rate > 0 && c.Churn > 0:
		return fmt.Errorf("load: an open loop has no churn")
	case c.Duration <= 0:
		return fmt.Errorf("load: a duration of %v", c.Duration)
	}
	return nil
}
