package sim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// Each fault really breaks something, and the same program is right without it.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults sim.Faults
		wrong  func(w *world) bool
	}{
		{"StaleCompletion", sim.Faults{StaleCompletion: true}, func(w *world) bool {
			return pingPong(w, 50) < 50
		}},
		{"CompleteTwice", sim.Faults{CompleteTwice: true}, func(w *world) bool {
			return recovered(func() { pingPong(w, 50) }) != nil
		}},
		{"CompleteEnded", sim.Faults{CompleteEnded: true}, func(w *world) bool {
			var slot oneBlock
			p := w.proactor(&slot)
			l, _ := p.Listen("tcp", "127.0.0.1:0")
			p.Connect(new(platform.Conn), "tcp", l.Addr().String(), new(result))
			p.Run(t.Context())
			var read result
			l.Accept(new(platform.Conn), new(result)) // the connection
			p.Run(t.Context())
			l.Accept(new(platform.Conn), &read) // nobody
			return !deadlocks(func() { p.Run(t.Context()) }) || read.calls > 0
		}},
		{"LateWrite", sim.Faults{LateWrite: true}, func(w *world) bool {
			return pingPong(w, 50) < 50
		}},
		{"WriteAfterCancel", sim.Faults{WriteAfterCancel: true}, func(w *world) bool {
			server, _, _ := w.pair("tcp", "127.0.0.1:0")
			buf, pause := []byte("mine"), new(result)
			server.Read(buf, new(result))
			server.Cancel()
			w.NewTimer().Wait(time.Second, pause)
			w.await(pause)
			return string(buf) != "mine"
		}},
		{"LoseCanceled", sim.Faults{LoseCanceled: true}, func(w *world) bool {
			server, _, _ := w.pair("tcp", "127.0.0.1:0")
			server.Read(make([]byte, 8), new(result))
			server.Cancel()
			return deadlocks(func() { w.Run(t.Context()) })
		}},
		{"LoseOnClose", sim.Faults{LoseOnClose: true}, func(w *world) bool {
			server, _, _ := w.pair("tcp", "127.0.0.1:0")
			server.Read(make([]byte, 8), new(result))
			server.Close()
			return deadlocks(func() { w.Run(t.Context()) })
		}},
		{"OutOfOrder", sim.Faults{OutOfOrder: true}, func(w *world) bool {
			server, client, _ := w.pair("tcp", "127.0.0.1:0")
			var written, read result
			client.Write([]byte("ab"), new(result))
			client.Write([]byte("cd"), &written)
			w.await(&written)
			got := make([]byte, 4)
			ops.ReadFull(server, got, &read)
			w.await(&read)
			return string(got) != "abcd"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.wrong(open(t, sim.Seeded(1))) {
				t.Error("without the fault something is wrong")
			}
			if !test.wrong(open(t, sim.Seeded(1), sim.WithFaults(test.faults))) {
				t.Error("with the fault nothing is wrong")
			}
		})
	}
}

// deadlocks reports whether f panics with a Deadlock.
func deadlocks(f func()) bool {
	err, _ := recovered(f).(error)
	_, is := errors.AsType[*sim.Deadlock](err)
	return is
}

// oneBlock is an allocator that gives the same block again and again.
type oneBlock struct{ block [1]ops.Operation }

func (b *oneBlock) Allocate(int) ([]ops.Operation, error) {
	b.block[0] = ops.Operation{}
	return b.block[:], nil
}
func (b *oneBlock) Deallocate([]ops.Operation) {}
