package load

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// serve serves connections until the test ends, and returns the address.
func serve(t *testing.T, session func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				session(c)
			}()
		}
	}()
	return l.Addr().String()
}

func echo(c net.Conn) { io.Copy(c, c) }

// short is a load that takes no longer than a test needs.
func short(address string) Config {
	return Config{Address: address, Connections: 3, Size: 64, Warmup: time.Millisecond, Duration: 50 * time.Millisecond}
}

// run runs a load, with a limit that nothing should come near to.
func run(t *testing.T, c Config) (r Result, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = Run(ctx, c, nil, func(result Result) error {
		r = result
		return nil
	})
	return r, err
}

func ignore(Result) error { return nil }

func TestCounts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"one connection":      func(c *Config) { c.Connections = 1 },
		"many connections":    func(c *Config) { c.Connections = 300 }, // more than a batch
		"one byte":            func(c *Config) { c.Size = 1 },
		"a large message":     func(c *Config) { c.Size = 1 << 20 },
		"several under way":   func(c *Config) { c.Depth = 16 },
		"large, several":      func(c *Config) { c.Size, c.Depth = 100_000, 4 },
		"no warm-up":          func(c *Config) { c.Warmup = 0 },
		"open loop":           func(c *Config) { c.Rate = 2000 },
		"open loop, overload": func(c *Config) { c.Rate = 500_000 },
		"churn":               func(c *Config) { c.Churn = 10 },
		"churn of one":        func(c *Config) { c.Churn = 1 },
		"churn and depth":     func(c *Config) { c.Churn, c.Depth = 7, 3 },
		"own processor time":  func(c *Config) { c.Server = os.Getpid() },
	} {
		t.Run(name, func(t *testing.T) {
			c := short(serve(t, echo))
			change(&c)
			began := time.Now()
			r, err := run(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if r.Messages < 1 || r.Total < r.Messages {
				t.Errorf("%d messages of %d", r.Messages, r.Total)
			}
			if enough := int64(enoughAnswers * c.Connections); c.Rate == 0 && r.Messages < enough {
				t.Errorf("%d messages on %d connections, want %d", r.Messages, c.Connections, enough)
			}
			if took := time.Since(began); took < c.Duration {
				t.Errorf("measured for %v, want %v", took, c.Duration)
			}
			if (c.Server != 0) != (r.ServerCPU > 0) {
				t.Errorf("the server has taken %v", r.ServerCPU)
			}
			if r.P50 < 1 || r.P99 < r.P50 || r.P999 < r.P99 {
				t.Errorf("percentiles %v, %v and %v", r.P50, r.P99, r.P999)
			}
			if c.Churn == 0 && r.Connections != 0 {
				t.Errorf("%d connections were opened anew", r.Connections)
			}
			if c.Churn > 0 && r.Messages > (r.Connections+2*int64(c.Connections))*int64(c.Churn) {
				t.Errorf("%d messages on %d connections of %d each", r.Messages, r.Connections, c.Churn)
			}
		})
	}
}

// A server that answers late is charged from when a message should have been sent: if it stalls
// for a time, all that was due meanwhile has waited.
func TestNoCoordinatedOmission(t *testing.T) {
	const stall = 200 * time.Millisecond
	stalled := false
	c := short(serve(t, func(c net.Conn) {
		b := make([]byte, 1<<16)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			if !stalled && n > 0 {
				stalled = true
			} else if stalled {
				time.Sleep(stall) // the first echo is before the load begins
			}
			if _, err := c.Write(b[:n]); err != nil {
				return
			}
		}
	}))
	c.Connections, c.Rate, c.Warmup, c.Duration = 1, 1000, 0, 2*stall
	r, err := run(t, c)
	if err != nil {
		t.Fatal(err)
	}
	// Messages were due every millisecond, so the time that half of them have waited is about
	// half a stall. A load that waits for answers would see one message in 200 ms.
	if r.P50 < stall/8 {
		t.Errorf("the median is %v, although the server stalls for %v each time", r.P50, stall)
	}
}

// A back end answers what its clients expect.
func TestBackEnd(t *testing.T) {
	for _, change := range []Config{
		{Size: 1, Answer: 1, Depth: 1},
		{Size: 64, Answer: 64, Depth: 3},
		{Size: 1000, Answer: 1, Depth: 3},
		{Size: 1 << 20, Answer: 64, Depth: 2},
	} {
		c := short(serve(t, func(c net.Conn) { answerAll(c, change.Size, change.Answer) }))
		c.Size, c.Answer, c.Depth = change.Size, change.Answer, change.Depth
		if r, err := run(t, c); err != nil || r.Messages == 0 {
			t.Errorf("%d bytes of %d: error %v, %d messages", c.Answer, c.Size, err, r.Messages)
		}
	}
}

// What is not answered when the time is over counts, too.
func TestNeverAnswered(t *testing.T) {
	c := short(serve(t, func(c net.Conn) {
		io.CopyN(c, c, 64*11)
		io.Copy(io.Discard, c)
	}))
	c.Connections, c.Rate, c.Warmup = 1, 1000, 0
	r, err := run(t, c)
	if err != nil {
		t.Fatal(err)
	}
	if r.P99 < drainWithin {
		t.Errorf("most messages were not answered within %v, and the 99th percentile is %v", drainWithin, r.P99)
	}
}

func TestBadServer(t *testing.T) {
	const messages = 64 * 5
	for name, c := range map[string]struct {
		session func(net.Conn)
		want    string
	}{
		"closes early":       {func(c net.Conn) { io.CopyN(c, c, messages) }, "closed a connection"},
		"closes at once":     {func(net.Conn) {}, "closed a connection"},
		"another byte":       {func(c net.Conn) { io.CopyN(c, c, messages); c.Write(make([]byte, 64)) }, "came back changed"},
		"one byte too many":  {func(c net.Conn) { io.CopyN(c, c, 64); c.Write([]byte{0}); echo(c) }, ""},
		"a byte is left out": {func(c net.Conn) { io.CopyN(io.Discard, c, 1); echo(c) }, "came back changed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, short(serve(t, c.session)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	if _, err := run(t, short(address)); err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("error %v, want that it cannot connect", err)
	}
}

func TestBadConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no connection": func(c *Config) { c.Connections = 0 },
		"no size":       func(c *Config) { c.Size = 0 },
		"long answer":   func(c *Config) { c.Answer = c.Size + 1 },
		"no duration":   func(c *Config) { c.Duration = 0 },
		"depth":         func(c *Config) { c.Depth = -1 },
		"open churn":    func(c *Config) { c.Rate, c.Churn = 1, 1 },
		"address":       func(c *Config) { c.Address = "localhost" },
		"IPv6":          func(c *Config) { c.Address = "[::1]:1" },
	} {
		t.Run(name, func(t *testing.T) {
			c := short("127.0.0.1:1")
			change(&c)
			if _, err := run(t, c); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	c := short(serve(t, echo))
	c.Duration = time.Hour
	err := Run(ctx, c, func() error { cancel(why); return nil }, ignore)
	if !errors.Is(err, why) {
		t.Errorf("error %v, want %v", err, why)
	}
}

// When it says that all are connected, each connection has had one message echoed, and nothing
// is under way.
func TestConnected(t *testing.T) {
	const connections = 200
	served := make(chan struct{}, connections)
	c := short(serve(t, func(c net.Conn) {
		if _, err := io.CopyN(c, c, 64); err == nil {
			served <- struct{}{}
		}
		echo(c)
	}))
	c.Connections = connections
	called := false
	err := Run(t.Context(), c, func() error {
		called = true
		for range connections {
			<-served
		}
		return nil
	}, ignore)
	if err != nil || !called {
		t.Errorf("error %v, and it was called: %v", err, called)
	}
	stop := errors.New("stop")
	if err := Run(t.Context(), c, func() error { return stop }, ignore); err != stop {
		t.Errorf("error %v, want %v", err, stop)
	}
}

// While the result is reported, the connections are open, so that closing them is not measured.
func TestOpenWhenMeasured(t *testing.T) {
	ended := make(chan struct{}, 3)
	c := short(serve(t, func(c net.Conn) {
		echo(c)
		ended <- struct{}{}
	}))
	err := Run(t.Context(), c, nil, func(Result) error {
		select {
		case <-ended:
			t.Error("a connection is closed already")
		case <-time.After(20 * time.Millisecond):
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for range c.Connections {
		<-ended
	}
}

// A server whose processor time cannot be read is not one that takes none.
func TestNoClock(t *testing.T) {
	c := short(serve(t, echo))
	c.Server = 1 << 23 // Linux has no more than 1<<22 processes
	if _, err := run(t, c); err == nil || !strings.Contains(err.Error(), "processor time") {
		t.Errorf("error %v, want that the processor time cannot be read", err)
	}
}

// An answer of HTTP has the length of the first one, wherever it is cut.
func TestHTTP(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
	for name, c := range map[string]struct{ first, then, want string }{
		"right":          {answer, answer, ""},
		"another status": {answer, "HTTP/1.1 500 OK\r\ncontent-length: 5\r\n\r\nhello", "not the beginning of an answer"},
		"no length":      {"HTTP/1.1 200 OK\r\n\r\n", "", "no Content-Length"},
		"not found":      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			said := make(chan string, 1)
			said <- c.first
			address := serve(t, func(conn net.Conn) {
				b := make([]byte, 1<<16)
				for {
					n, err := conn.Read(b)
					if err != nil {
						return
					}
					text := c.then
					select {
					case text = <-said:
					default:
					}
					for range strings.Count(string(b[:n]), "\r\n\r\n") {
						conn.Write([]byte(text[:len(text)/2]))
						conn.Write([]byte(text[len(text)/2:]))
					}
				}
			})
			cfg := short(address)
			cfg.Size, cfg.HTTP, cfg.Connections, cfg.Depth = 0, "/", 1, 4
			r, err := run(t, cfg)
			switch {
			case c.want == "" && (err != nil || r.Messages == 0):
				t.Errorf("error %v, %d messages", err, r.Messages)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
