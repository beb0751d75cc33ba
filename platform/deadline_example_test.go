package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A patient is a session whose client may take its time between requests, but not within
// one.
type patient struct {
	platform.Conn
	request [3]byte
}

// next waits for the next request.
func (s *patient) next() {
	s.SetReadDeadline(time.Time{})
	s.WaitReadable(ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			s.Close()
			return
		}
		s.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		ops.ReadFull(&s.Conn, s.request[:], ops.HandlerFunc(s.got))
	}))
}

func (s *patient) got(n int, err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		fmt.Printf("%d bytes, and then nothing for too long\n", n)
	}
	if err != nil {
		s.Close()
		return
	}
	fmt.Printf("%s\n", s.request[:])
	s.next()
}

// A deadline is set anew for each request, and removed while no request is outstanding.
func ExampleConn_SetReadDeadline() {
	p, err := platform.New(platform.SingleRunner())
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	s := new(patient)
	l.Accept(&s.Conn, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		l.Close()
		s.next()
	}))

	client, err := net.Dial("tcp", l.Addr().String())
	fatal(err)
	defer client.Close()
	client.Write([]byte("onetw"))
	fatal(p.Run(context.Background()))
	// Output:
	// one
	// 2 bytes, and then nothing for too long
}

// An accept that ends after a time, so that the program can do other things.
func ExampleListener_SetDeadline() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	var c platform.Conn
	l.SetDeadline(time.Now().Add(time.Millisecond))
	l.Accept(&c, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		l.Close()
	}))
	fatal(p.Run(context.Background()))
	// Output: true
}

// A wait for a packet, with a time limit.
func ExamplePacketConn_SetReadDeadline() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	c, err := p.ListenPacket("udp4", "127.0.0.1:0")
	fatal(err)

	c.SetReadDeadline(p.Now().Add(time.Millisecond))
	c.ReadFrom(make([]byte, 512), nil, ops.HandlerFunc(func(_ int, err error) {
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		c.Close()
	}))
	fatal(p.Run(context.Background()))
	// Output: true
}
