package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

var (
	guests = flag.Int("chat.guests", 100, "how many guests the tests have")
	says   = flag.Int("chat.says", 5, "how many lines each of ten of them says")
)

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// start has a room run on a backend, and returns its address. It is closed with the test, which
// fails if somebody is left in it.
func start(t *testing.T, backend string, runners int, l limits) (address string) {
	t.Helper()
	p, err := platform.New(platform.WithBackend(backend))
	if err != nil {
		t.Skip(err)
	}
	listener, err := p.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom(p, l)
	r.open(listener, ops.HandlerFunc(func(int, error) {}))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, p, r, runners, patience) }()
	t.Cleanup(func() {
		defer p.Close()
		cancel()
		select {
		case err := <-ended:
			if err != nil || len(r.present) != 0 || r.acceptor.Live() != 0 {
				t.Errorf("the room has ended with %v, and %d are present of %d sessions", err, len(r.present), r.acceptor.Live())
			}
		case <-time.After(patience):
			t.Error("the room does not end")
		}
	})
	return listener.Addr().String()
}

// A person is a guest as it sees itself.
type person struct {
	*testing.T
	net.Conn
	name string
	in   *bufio.Reader
}

func come(t *testing.T, address, name string) *person {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	g := &person{t, c, name, bufio.NewReader(c)}
	g.say(name)
	return g
}

// comeIn is come for one that finds room, and hears so.
func comeIn(t *testing.T, address, name string) *person {
	t.Helper()
	g := come(t, address, name)
	g.hears("* " + name + " has come")
	return g
}

func (g *person) say(line string) {
	g.SetWriteDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintln(g.Conn, line); err != nil {
		g.Errorf("%s cannot say %q: %v", g.name, line, err)
	}
}

// hear returns the next line, or "" at the end.
func (g *person) hear() string {
	g.SetReadDeadline(time.Now().Add(patience))
	line, _ := g.in.ReadString('\n')
	return strings.TrimSuffix(line, "\n")
}

// hears checks which line is the next.
func (g *person) hears(want string) {
	g.Helper()
	if got := g.hear(); got != want {
		g.Errorf("%s hears %q, want %q", g.name, got, want)
	}
}

// everywhere runs a test on every backend, with one runner and with three.
func everywhere(t *testing.T, test func(t *testing.T, backend string, runners int)) {
	for _, b := range platform.Backends() {
		for _, runners := range []int{1, 3} {
			t.Run(fmt.Sprint(b, "/", runners), func(t *testing.T) { test(t, b, runners) })
		}
	}
}

func TestConversation(t *testing.T) {
	everywhere(t, func(t *testing.T, backend string, runners int) {
		address := start(t, backend, runners, defaultLimits)
		ann := comeIn(t, address, "ann")
		bob := comeIn(t, address, "bob")
		ann.hears("* bob has come")
		bob.say("hello")
		bob.say("") // nothing
		bob.say("  is anybody here?\r")
		ann.hears("bob: hello")
		ann.hears("bob: is anybody here?")
		ann.say("yes")
		bob.hears("ann: yes")
		bob.say("/quit")
		ann.hears("* bob has gone")
		bob.hears("")
		ann.say(strings.Repeat("x", defaultLimits.line)) // which is no line
		ann.hears("")
	})
}

// TestMany has many guests, of which ten talk at the same time. All hear each of them in the order
// in which it has said what it says.
func TestMany(t *testing.T) {
	const talkers = 10
	everywhere(t, func(t *testing.T, backend string, runners int) {
		address := start(t, backend, runners, limits{guests: *guests, silence: patience, line: 512, behind: 1 << 20})
		all := make([]*person, *guests)
		for i := range all {
			all[i] = comeIn(t, address, fmt.Sprint("guest ", i))
		}
		var done sync.WaitGroup
		for _, g := range all[:talkers] {
			done.Go(func() {
				for n := range *says {
					g.say(fmt.Sprint("line ", n))
				}
			})
		}
		for i, g := range all {
			done.Go(func() {
				next := make(map[string]int)
				left := talkers * *says
				if i < talkers {
					left -= *says // it does not hear itself
				}
				for left > 0 {
					line := g.hear()
					name, said, talks := strings.Cut(line, ": ")
					switch {
					case line == "":
						t.Errorf("%s was sent away, and was to hear %d more lines", g.name, left)
						return
					case talks && said == fmt.Sprint("line ", next[name]):
						next[name]++
						left--
					case talks:
						t.Errorf("%s hears %q, and line %d is the next", g.name, line, next[name])
						return
					}
				}
			})
		}
		done.Wait()
		for _, g := range all {
			g.Close()
		}
	})
}

// TestSlow has a guest that does not read. It is sent away, and nobody else waits for it.
func TestSlow(t *testing.T) {
	everywhere(t, func(t *testing.T, backend string, runners int) {
		l := defaultLimits
		l.behind = 4096
		address := start(t, backend, runners, l)
		ann, bob := comeIn(t, address, "ann"), comeIn(t, address, "bob")
		ann.hears("* bob has come")
		deaf := come(t, address, "deaf")
		deaf.Conn.(*net.TCPConn).SetReadBuffer(1024)
		ann.hears("* deaf has come")
		bob.hears("* deaf has come")
		text := strings.Repeat("x", 400)
		for gone := false; !gone; {
			ann.say(text)
			for {
				switch line := bob.hear(); line {
				case "* deaf has gone":
					gone = true
					continue
				case "":
					t.Fatal("bob was sent away")
				}
				break
			}
		}
	})
}

// TestShow reads from the page about the room what it was asked for.
func TestShow(t *testing.T) {
	p, err := platform.New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	pages, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := newRoom(p, defaultLimits)
	for range 3 {
		r.announce(nil, []byte("hello"))
	}
	ctx, cancel := context.WithCancel(context.Background())
	hold := p.Hold()
	var all sync.WaitGroup
	all.Go(func() { run(ctx, p, r, 1, patience) })
	all.Go(func() { show(pages, p, r) })
	defer all.Wait()
	defer pages.Close()
	defer cancel()
	defer hold.Release()
	answer, err := http.Get("http://" + pages.Addr().String() + "/debug/heirloom/figures.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var shown struct {
		Allocators []struct {
			Name      string
			Allocator struct {
				Requests int
				Parents  []struct {
					PassedOn int `json:"passed_on"`
				}
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&shown); err != nil {
		t.Fatal(err)
	}
	if a := shown.Allocators; len(a) != 2 || a[0].Name != "messages" || a[0].Allocator.Requests != 3 || a[0].Allocator.Parents[0].PassedOn != 1 {
		t.Errorf("the page shows %+v", a)
	}
}

// TestFull has more guests than may be there. The next is let in when one has gone.
func TestFull(t *testing.T) {
	everywhere(t, func(t *testing.T, backend string, runners int) {
		l := defaultLimits
		l.guests = 2
		address := start(t, backend, runners, l)
		ann := comeIn(t, address, "ann")
		bob := comeIn(t, address, "bob")
		ann.hears("* bob has come")
		eve := come(t, address, "eve") // who waits in the kernel's queue
		bob.say("/quit")
		ann.hears("* bob has gone")
		ann.hears("* eve has come")
		ann.say("hello")
		eve.hears("* eve has come")
		eve.hears("ann: hello")
	})
}
