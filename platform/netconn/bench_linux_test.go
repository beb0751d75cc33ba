package netconn_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/netconn"
)

// serveVariable has this program be a server for BenchmarkEcho, and says what kind of.
const serveVariable = "HEIRLOOM_NETCONN_SERVER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveVariable); kind != "" {
		serve(kind)
		return
	}
	m.Run()
}

// serve echoes until its input ends, and then prints the processor time that it has taken,
// in nanoseconds.
func serve(kind string) {
	var l net.Listener
	var err error
	if kind == "net" {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	} else {
		var p *platform.Proactor
		if p, err = platform.New(platform.WithBackend(kind)); err != nil {
			panic(err)
		}
		p.Hold()
		go p.Run(context.Background())
		l, err = netconn.Listen(p, "tcp", "127.0.0.1:0")
	}
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				panic(err)
			}
			go echo(c)
		}
	}()
	in := bufio.NewReader(os.Stdin)
	for {
		if _, err := in.ReadString('\n'); err != nil {
			return
		}
		var used syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &used)
		fmt.Println(used.Utime.Nano() + used.Stime.Nano())
	}
}

// BenchmarkEcho has a server of netconn, or of package net, in a process of its own echo
// messages of 64 bytes. One operation is one message there and back; server-ns/op is the
// processor time of the server.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 64} {
		for _, kind := range append(platform.Backends(), "net") {
			b.Run(fmt.Sprintf("conns=%d/%s", conns, kind), func(b *testing.B) { benchmarkEcho(b, kind, conns) })
		}
	}
}

func benchmarkEcho(b *testing.B, kind string, conns int) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+kind)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	used := func() (ns int64) {
		io.WriteString(in, "\n")
		if _, err := fmt.Fscanln(lines, &ns); err != nil {
			b.Fatal(err)
		}
		return ns
	}

	p, err := platform.New(platform.SingleRunner(), platform.WithBackend(platform.Backends()[0]))
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	load := make([]client, conns)
	left := b.N
	for i := range load {
		load[i].left = &left
		p.Connect(&load[i].conn, "tcp", strings.TrimSpace(address), &load[i])
	}
	if err := p.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	before := used()
	b.ResetTimer()
	for i := range load {
		(*received)(&load[i]).Complete(0, load[i].err)
	}
	if err := p.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(used()-before)/float64(b.N), "server-ns/op")
	for i := range load {
		if load[i].err != nil {
			b.Error(load[i].err)
		}
	}
}

// A client sends messages and waits for each to come back, until none are left.
type client struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	buf  [64]byte
	left *int
	err  error
}

func (c *client) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

// Complete is called when the connection is made.
func (c *client) Complete(_ int, err error) { c.err = err }

// sent is a client whose message was sent.
type sent client

func (c *sent) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *sent) Complete(_ int, err error) {
	if c.err = err; err == nil {
		ops.ReadFull(&c.conn, c.buf[:], (*received)(c))
	}
}

// received is a client whose message has come back.
type received client

func (c *received) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *received) Complete(_ int, err error) {
	if c.err = err; err != nil || *c.left == 0 {
		return
	}
	*c.left--
	c.conn.Write(c.buf[:], (*sent)(c))
}
