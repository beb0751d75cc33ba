//go:build unix

// Package program is what the Go servers of compare have in common.
package program

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"runtime"
)

// Options are the flags that every server has.
type Options struct {
	Listen string // the address to listen on
	Loops  int    // how many loops, or where there are none, processors
	Buffer int    // bytes of the buffer that is read into
}

// Parse parses the flags and starts to answer signals. A server may have defined further flags.
func Parse() Options {
	log.SetFlags(0)
	var o Options
	flag.StringVar(&o.Listen, "listen", "127.0.0.1:0", "the `address` to listen on")
	flag.IntVar(&o.Loops, "loops", 1, "the `number` of event loops")
	flag.IntVar(&o.Buffer, "buffer", 4096, "how many `bytes` a read may return")
	flag.Parse()
	if flag.NArg() > 0 || o.Loops < 1 || o.Buffer < 1 {
		flag.Usage()
		os.Exit(2)
	}
	runtime.GOMAXPROCS(min(o.Loops, runtime.GOMAXPROCS(0)))
	serveStats()
	return o
}

// Listening says that the server accepts connections.
func Listening(address net.Addr) { fmt.Println("listening", address) }

// Serve accepts connections for as long as the program runs, and serves each on a goroutine of
// its own.
func Serve(l net.Listener, serve func(c net.Conn)) {
	Listening(l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(c)
	}
}
