package netconn_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
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

// serveVariable has this program be a server for a benchmark, and says what it serves and
// on what.
const serveVariable = "HEIRLOOM_NETCONN_SERVER"

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveVariable); kind != "" {
		serve(kind)
		return
	}
	m.Run()
}

// serve serves until its input ends, and for each line of that prints the processor time that
// it has taken, in nanoseconds.
func serve(what string) {
	protocol, kind, _ := strings.Cut(what, " ")
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
	if protocol == "http" {
		go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello, world") }))
	} else {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					panic(err)
				}
				go echo(c)
			}
		}()
	}
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

// BenchmarkEcho has a server on netconn, or on package net, in a process of its own echo
// messages of 64 bytes. One operation is one message there and back; server-ns/op is the
// processor time of the server.
func BenchmarkEcho(b *testing.B) {
	message := make([]byte, 64)
	benchmark(b, "echo", message, func(testing.TB, string) int { return len(message) })
}

// BenchmarkHTTP does the same with net/http, and a request on a connection that is kept alive.
func BenchmarkHTTP(b *testing.B) {
	benchmark(b, "http", []byte("GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: heirloom\r\nAccept: */*\r\n\r\n"), answerSize)
}

func benchmark(b *testing.B, protocol string, question []byte, answer func(testing.TB, string) int) {
	for _, conns := range []int{1, 64} {
		for _, kind := range append(platform.Backends(), "net") {
			b.Run(fmt.Sprintf("conns=%d/%s", conns, kind), func(b *testing.B) {
				benchmarkServer(b, protocol+" "+kind, conns, question, answer)
			})
		}
	}
}

func benchmarkServer(b *testing.B, what string, conns int, question []byte, answer func(testing.TB, string) int) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveVariable+"="+what)
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
	address = strings.TrimSpace(address)
	size := answer(b, address)
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
		load[i] = client{left: &left, question: question, answer: make([]byte, size)}
		p.Connect(&load[i].conn, "tcp", address, &load[i])
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

// A client asks and waits for each answer, until no question is left.
type client struct {
	conn platform.Conn
	slot combinators.SingleSlot[ops.Operation]
	left *int
	err  error

	question, answer []byte
}

func (c *client) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

// Complete is called when the connection is made.
func (c *client) Complete(_ int, err error) { c.err = err }

// sent is a client that has asked.
type sent client

func (c *sent) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *sent) Complete(_ int, err error) {
	if c.err = err; err == nil {
		ops.ReadFull(&c.conn, c.answer, (*received)(c))
	}
}

// received is a client that has its answer.
type received client

func (c *received) Allocator() allocator.Allocator[ops.Operation] { return &c.slot }

func (c *received) Complete(_ int, err error) {
	if c.err = err; err != nil || *c.left == 0 {
		return
	}
	*c.left--
	ops.WriteFull(&c.conn, c.question, (*sent)(c))
}
