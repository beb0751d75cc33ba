//go:build unix

package inspect_test

import (
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A talk is a connection of an echo server and its client, which has it echo a message
// of another size every few milliseconds. Both ends are on one proactor.
type talk struct {
	program        *program
	server, client platform.Conn
	timer          *platform.Timer
	message        []byte
	size           int
	in             [2048]byte
}

// program is what the browser looks at: an echo server, and clients that talk to it.
type program struct {
	proactor *platform.Proactor
	listener *platform.Listener
	buffers  allocator.Allocator[byte]
	talks    []*talk
}

// listen opens so many connections of the program with itself.
func (g *program) listen(t testing.TB, talks int) {
	t.Helper()
	var err error
	if g.listener, err = g.proactor.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	g.join(talks)
}

// join has more clients connect. It is called by a handler, or before there are any.
func (g *program) join(talks int) {
	for range talks {
		k := &talk{program: g, timer: g.proactor.NewTimer(), size: 1 + 97*len(g.talks)}
		g.talks = append(g.talks, k)
		g.listener.Accept(&k.server, ops.HandlerFunc(func(_ int, err error) {
			if err == nil {
				k.echo()
			}
		}))
		g.proactor.Connect(&k.client, "tcp", g.listener.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
			if err == nil {
				k.say()
			}
		}))
	}
}

// leave has the last clients leave.
func (g *program) leave(talks int) {
	rest := len(g.talks) - talks
	for _, k := range g.talks[rest:] {
		k.client.Close()
	}
	g.talks = g.talks[:rest]
}

// echo sends back what comes, in a buffer that it has only while there is something.
func (k *talk) echo() {
	k.server.Read(k.in[:], ops.HandlerFunc(func(n int, err error) {
		if err != nil {
			k.server.Close()
			return
		}
		buf, err := k.program.buffers.Allocate(n)
		if err != nil {
			k.server.Close()
			return
		}
		copy(buf, k.in[:n])
		ops.WriteFull(&k.server, buf, ops.HandlerFunc(func(_ int, err error) {
			k.program.buffers.Deallocate(buf)
			if err != nil {
				k.server.Close()
				return
			}
			k.echo()
		}))
	}))
}

func (k *talk) say() {
	k.size = 1 + (k.size+197)%1900
	k.message = make([]byte, k.size)
	ops.WriteFull(&k.client, k.message, ops.HandlerFunc(func(_ int, err error) {
		if err != nil {
			return
		}
		ops.ReadFull(&k.client, k.message, ops.HandlerFunc(func(_ int, err error) {
			if err != nil {
				k.client.Close()
				return
			}
			k.timer.Wait(time.Duration(1+k.size%20)*time.Millisecond, ops.HandlerFunc(func(_ int, err error) {
				if err == nil {
					k.say()
				}
			}))
		}))
	}))
}
