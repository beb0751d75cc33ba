package sim_test

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// networks are the stream networks, with an address for a listener.
var networks = []struct{ network, address string }{{"tcp", "127.0.0.1:0"}, {"tcp", ":0"}, {"unix", "/virtual/socket"}}

func eachNetwork(t *testing.T, test func(t *testing.T, w *world, server, client *platform.Conn), options ...sim.Option) {
	for _, n := range networks {
		t.Run(n.network+" "+n.address, func(t *testing.T) {
			w := open(t, sim.Calm, options...)
			server, client, _ := w.pair(n.network, n.address)
			test(t, w, server, client)
			w.finish()
		})
	}
}

func TestEcho(t *testing.T) {
	eachNetwork(t, func(t *testing.T, w *world, server, client *platform.Conn) {
		hello, echoed := []byte("hello, world"), make([]byte, 12)
		var written, back, read result
		buf := make([]byte, 64)
		read.then = func() { ops.WriteFull(server, buf[:read.n], &back) }
		server.Read(buf, &read)
		ops.WriteFull(client, hello, &written)
		var whole result
		ops.ReadFull(client, echoed, &whole)
		w.await(&whole)
		written.want(t, "WriteFull", len(hello), nil)
		whole.want(t, "ReadFull", len(hello), nil)
		if !bytes.Equal(echoed, hello) {
			t.Errorf("echoed %q, want %q", echoed, hello)
		}
	})
}

func TestPartial(t *testing.T) {
	// Every transfer is of one byte.
	w := open(t, rare{"how much less": 1 << 30}, sim.WithWeather(sim.Weather{Partial: 1}))
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	var one, written, read result
	client.Write([]byte("ab"), &one)
	w.await(&one)
	one.want(t, "Write", 1, nil)
	ops.WriteFull(client, []byte("bcdef"), &written)
	got := make([]byte, 6)
	ops.ReadFull(server, got, &read)
	w.await(&written, &read)
	written.want(t, "WriteFull", 5, nil)
	read.want(t, "ReadFull", 6, nil)
	if string(got) != "abcdef" {
		t.Errorf("read %q", got)
	}
	w.finish()
}

// A write waits while the peer does not read.
func TestFullPipe(t *testing.T) {
	eachNetwork(t, func(t *testing.T, w *world, server, client *platform.Conn) {
		var first, second, pause result
		client.Write([]byte("0123456789"), &first)
		client.Write([]byte("x"), &second)
		w.NewTimer().Wait(time.Hour, &pause)
		w.await(&first, &pause)
		first.want(t, "the write that fills the pipe", 8, nil)
		if second.calls != 0 {
			t.Fatalf("a write into a full pipe has ended: %d, %v", second.n, second.err)
		}
		var read result
		server.Read(make([]byte, 3), &read)
		w.await(&second)
		read.want(t, "Read", 3, nil)
		second.want(t, "the write that has waited", 1, nil)
	}, sim.WithWeather(sim.Weather{Capacity: 8}))
}

func TestEndOfStream(t *testing.T) {
	eachNetwork(t, func(t *testing.T, w *world, server, client *platform.Conn) {
		var waits, late, read, end, after result
		server.Read(make([]byte, 8), &waits)
		client.Write([]byte("last"), new(result))
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		client.Write([]byte("more"), &late)
		server.Read(make([]byte, 8), &end)
		w.await(&waits, &end, &late)
		switch {
		case waits.n == 4:
			end.want(t, "the read after CloseWrite", 0, io.EOF)
		case waits.err != io.EOF:
			t.Errorf("read %d, %v", waits.n, waits.err)
		}
		late.want(t, "a write after CloseWrite", 0, syscall.EPIPE)
		server.Write([]byte("answer"), new(result)) // the other half is open
		client.Read(make([]byte, 8), &read)
		w.await(&read)
		read.want(t, "a read after CloseWrite", 6, nil)
		server.Close()
		client.Read(make([]byte, 8), &after)
		w.await(&after)
		after.want(t, "a read after the peer has closed", 0, io.EOF)
	})
}

// What a peer that was closed means for those who write to it.
func TestPeerGone(t *testing.T) {
	eachNetwork(t, func(t *testing.T, w *world, server, client *platform.Conn) {
		isUnix := strings.HasPrefix(t.Name(), "TestPeerGone/unix")
		server.Close()
		var first, read, second result
		client.Write([]byte("x"), &first)
		w.await(&first)
		if isUnix {
			first.want(t, "a write", 0, syscall.EPIPE)
			return
		}
		first.want(t, "the first write", 1, nil)
		client.Read(make([]byte, 1), &read)
		w.await(&read)
		read.want(t, "the read after it", 0, syscall.ECONNRESET)
		client.Write([]byte("x"), &second)
		w.await(&second)
		second.want(t, "the next write", 0, syscall.EPIPE)
	})
}

func TestCloseWithUnreadDataResets(t *testing.T) {
	w := open(t, sim.Calm)
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	var written, pause, data, reset, end result
	server.Write([]byte("bye"), new(result))
	client.Write([]byte("unread"), &written)
	w.NewTimer().Wait(time.Second, &pause)
	w.await(&pause)
	server.Close()
	client.Read(make([]byte, 8), &data)
	client.Read(make([]byte, 8), &reset)
	client.Read(make([]byte, 8), &end)
	w.await(&end)
	data.want(t, "what had arrived", 3, nil)
	reset.want(t, "the read after it", 0, syscall.ECONNRESET)
	end.want(t, "the last read", 0, io.EOF)
	w.finish()
}

// The network resets a connection: both ends are told, once.
func TestReset(t *testing.T) {
	w := open(t, rare{"reset": 1}, sim.WithWeather(sim.Weather{Reset: 100}))
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	var waits, other, write result
	server.Read(make([]byte, 8), &waits)
	client.Write([]byte("lost"), &other)
	w.await(&waits, &other)
	waits.want(t, "the peer's read", 0, syscall.ECONNRESET)
	other.want(t, "the write", 0, syscall.ECONNRESET)
	client.Write([]byte("x"), &write)
	w.await(&write)
	write.want(t, "the next write", 0, syscall.EPIPE)
	if n := w.has(sim.Broke); n != 2 {
		t.Errorf("%d ends of the connection were reset, want 2", n)
	}
	w.finish()
}

func TestNoBuffers(t *testing.T) {
	w := open(t, sim.Calm, sim.WithWeather(sim.Weather{NoBuffers: 1}))
	l, err := w.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var r result
	w.Connect(new(platform.Conn), "tcp", l.Addr().String(), &r)
	w.await(&r)
	r.want(t, "Connect", 0, syscall.ENOBUFS)
	w.finish()
}
