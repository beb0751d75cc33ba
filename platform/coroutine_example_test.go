package platform_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// serveEchoes accepts connections until l is closed, and has a coroutine for each.
func serveEchoes(p *platform.Proactor, l *platform.Listener) {
	failed := ops.HandlerFunc(func(_ int, err error) {
		if err != nil && err != io.EOF {
			fmt.Println("a session:", err)
		}
	})
	p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
		for {
			c := new(platform.Conn)
			if err := co.Accept(l, c); err != nil {
				return err // net.ErrClosed
			}
			p.Spawn(failed, func(co *platform.Co) error { return serveEcho(co, c) })
		}
	})
}

func serveEcho(co *platform.Co, c *platform.Conn) error {
	defer c.Close()
	buf := make([]byte, 4096)
	for {
		n, err := co.Read(c, buf)
		if err != nil {
			return err
		}
		if _, err := co.Write(c, buf[:n]); err != nil {
			return err
		}
	}
}

// An echo server written as if it had a goroutine per connection, and a client of it. All
// of them run on the goroutine that is in Run.
func ExampleProactor_Spawn() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	serveEchoes(p, l)

	p.Spawn(ops.HandlerFunc(func(_ int, err error) { fatal(err) }), func(co *platform.Co) error {
		defer l.Close()
		var c platform.Conn
		if err := co.Connect(&c, "tcp", l.Addr().String()); err != nil {
			return err
		}
		defer c.Close()
		reply := make([]byte, 5)
		for _, word := range []string{"hello", "again"} {
			if _, err := co.Write(&c, []byte(word)); err != nil {
				return err
			}
			if _, err := co.ReadFull(&c, reply); err != nil {
				return err
			}
			fmt.Printf("%s\n", reply)
		}
		return nil
	})
	fatal(p.Run(context.Background()))
	// Output:
	// hello
	// again
}

// A request to a server by name, with a limit to the time of its answer.
func ExampleCo_Dial() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	silent, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
		var c platform.Conn
		if err := co.Dial(&c, "tcp", silent.Addr().String()); err != nil {
			return err
		}
		defer c.Close()
		if _, err := co.Write(&c, []byte("how are you?")); err != nil {
			return err
		}
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		_, err := co.Read(&c, make([]byte, 100))
		fmt.Println("no answer:", errors.Is(err, os.ErrDeadlineExceeded))
		return err
	})
	fatal(p.Run(context.Background()))
	// Output: no answer: true
}

// Something that is done periodically, for as long as the program runs.
func ExampleCo_Sleep() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()

	p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
		for tick := 1; ; tick++ {
			if err := co.Sleep(time.Millisecond); err != nil {
				return err
			}
			fmt.Println("tick", tick)
			if tick == 3 {
				co.Proactor().Stop()
			}
		}
	})
	fatal(p.Run(context.Background()))
	fmt.Println("coroutines:", p.Coroutines().Len()) // until p is closed
	// Output:
	// tick 1
	// tick 2
	// tick 3
	// coroutines: 1
}

// A question and its answer, one packet each.
func ExampleCo_ReadFrom() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	server, err := p.ListenPacket("udp", "127.0.0.1:0")
	fatal(err)
	client, err := p.ListenPacket("udp", "127.0.0.1:0")
	fatal(err)

	p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
		buf := make([]byte, 512)
		n, from, err := co.ReadFrom(server, buf)
		if err != nil {
			return err
		}
		fmt.Printf("%s\n", buf[:n])
		_, err = co.WriteTo(server, []byte("42"), from)
		return err
	})
	p.Spawn(ops.HandlerFunc(func(int, error) {}), func(co *platform.Co) error {
		if _, err := co.WriteTo(client, []byte("what is it?"), addrOf(server)); err != nil {
			return err
		}
		buf := make([]byte, 512)
		n, _, err := co.ReadFrom(client, buf)
		fmt.Printf("%s\n", buf[:n])
		return err
	})
	fatal(p.Run(context.Background()))
	// Output:
	// what is it?
	// 42
}
