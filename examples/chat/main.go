// Chat is a chat server. The first line that a guest sends is its name. Each further line
// goes to all other guests, and /quit ends the connection:
//
//	go run ./examples/chat -listen 127.0.0.1:6667
//	nc 127.0.0.1 6667
//
// A guest that is silent for five minutes is disconnected, and so is one that does not read
// what it is sent. Several goroutines run the server; a strand orders their changes to the
// room. A message is in memory once, however many guests get it, and once the server has
// warmed up, it allocates nothing for a message.
//
// On an interrupt it lets nobody else in, gives the guests as long as -drain says to leave,
// and ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:6667", "the address to listen on")
	runners := flag.Int("runners", runtime.GOMAXPROCS(0), "how many goroutines run the server")
	drain := flag.Duration("drain", 5*time.Second, "how long guests may stay after an interrupt")
	pages := flag.String("inspect", "", "the address to serve a page about the chat at, which is for its operator only")
	l := defaultLimits
	flag.IntVar(&l.guests, "guests", l.guests, "how many guests there may be at a time; others wait")
	flag.DurationVar(&l.silence, "silence", l.silence, "how long a guest may be silent")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "Usage: chat [flags]\n\nServe a chat, with a line of text for each message. The first line of a guest is its\nname, and /quit ends it.\n\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	switch {
	case flag.NArg() > 0:
		usage("unexpected argument %q", flag.Arg(0))
	case *runners < 1 || l.guests < 1 || l.silence <= 0 || *drain < 0:
		usage("-runners, -guests and -silence must be positive, and -drain not negative")
	}
	asked, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(asked, stop) // the next signal ends the program at once
	if err := serve(asked, *listen, *pages, *runners, l, *drain); err != nil {
		log.Fatal(err)
	}
}

func usage(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "chat: "+format+"\n", args...)
	flag.Usage()
	os.Exit(2)
}

// serve runs a room until ctx is done and the guests have left.
func serve(ctx context.Context, address, pages string, runners int, limits limits, drain time.Duration) error {
	p, err := platform.New()
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := p.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("listening on %v", l.Addr())
	r := newRoom(p, limits)
	if pages != "" {
		l, err := net.Listen("tcp", pages)
		if err != nil {
			return err
		}
		defer l.Close()
		log.Printf("http://%v/debug/heirloom/ is a page about it", l.Addr())
		go func() {
			if err := show(l, p, r); !errors.Is(err, net.ErrClosed) {
				log.Print(err)
			}
		}()
	}
	r.open(l, ops.HandlerFunc(func(int, error) {}))
	return run(ctx, p, r, runners, drain)
}

// run has goroutines run a room until ctx is done and the guests have left, which it asks for
// by closing what is open after the time drain.
func run(ctx context.Context, p *platform.Proactor, r *room, runners int, drain time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-ctx.Done()
		limit, late := context.WithTimeout(context.Background(), drain)
		defer late()
		r.acceptor.Shutdown(limit)
	}()
	var all sync.WaitGroup
	failed := make(chan error, runners)
	for range runners {
		all.Go(func() { failed <- p.Run(context.Background()) }) // until nothing is outstanding
	}
	all.Wait()
	cancel()
	<-closed
	return <-failed
}
