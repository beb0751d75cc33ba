package platform_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// TestSocketFile gives sockets back to package net, and goes on with them here.
func TestSocketFile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		f, err := c.File()
		if err != nil {
			t.Fatal(err)
		}
		nc, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		nc.SetDeadline(time.Now().Add(patience))
		if _, err := nc.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if _, err := peer.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		w.converse(c, peer) // although package net has made it one that does not block
		var unread result
		c.Read(make([]byte, 1), &unread)
		w.settle()
		c.Close()
		w.await(&unread)
		unread.want(t, 0, net.ErrClosed)
		if _, err := peer.Write([]byte("y")); err != nil {
			t.Error(err)
		}
		if _, err := nc.Read(make([]byte, 1)); err != nil {
			t.Errorf("after Close, the duplicate reads: %v", err)
		}
		nc.Close()

		l := w.listen("tcp", "127.0.0.1:0")
		if f, err = l.File(); err != nil {
			t.Fatal(err)
		}
		nl, err := net.FileListener(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		var accepted result
		var one platform.Conn
		l.Accept(&one, &accepted)
		w.settle()
		accepted.later(t)
		other, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		other.SetDeadline(time.Now().Add(patience))
		w.await(&accepted)
		accepted.want(t, 0, nil)
		w.converse(&one, other)
		at := l.Addr().String()
		var last result
		l.Accept(new(platform.Conn), &last)
		w.settle()
		l.Close() // the other one listens on
		w.await(&last)
		last.want(t, 0, net.ErrClosed)
		second, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		got, err := nl.Accept()
		if err != nil {
			t.Fatal(err)
		}
		got.Close()
		nl.Close()

		p := w.packets("udp4", "127.0.0.1:0")
		if f, err = p.File(); err != nil {
			t.Fatal(err)
		}
		np, err := net.FilePacketConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		var waits result
		p.ReadFrom(make([]byte, 1), nil, &waits)
		w.settle()
		waits.later(t)
		if _, err := np.WriteTo([]byte("x"), p.LocalAddr()); err != nil {
			t.Error(err)
		}
		w.await(&waits)
		waits.want(t, 1, nil)
		var unsent result
		p.ReadFrom(make([]byte, 1), nil, &unsent)
		w.settle()
		p.Close()
		w.await(&unsent)
		unsent.want(t, 0, net.ErrClosed)
		np.SetDeadline(time.Now().Add(patience))
		np.WriteTo([]byte("y"), np.LocalAddr())
		if n, _, err := np.ReadFrom(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("after Close, the duplicate reads %d bytes, %v", n, err)
		}
		np.Close()
	})
}

// TestSocketFileReadAhead asks for the descriptor of a connection that has been read
// from, when more has come: no byte is lost between the two.
func TestSocketFileReadAhead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c, peer := w.peer()
		buf := make([]byte, 1)
		var got []byte
		var first result
		c.Read(buf, &first)
		w.settle()
		peer.Write([]byte("abcdefgh"))
		w.await(&first)
		first.want(t, 1, nil)
		got = append(got, buf...)
		f, err := c.File()
		for errors.Is(err, syscall.EAGAIN) {
			n, rerr := c.TryRead(buf)
			if got = append(got, buf[:n]...); rerr == ops.ErrWouldBlock {
				w.settle()
			} else if rerr != nil {
				t.Fatal(rerr)
			}
			f, err = c.File()
		}
		if err != nil {
			t.Fatal(err)
		}
		nc, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		f.Close()
		peer.Write([]byte("ij"))
		rest := make([]byte, 10-len(got))
		nc.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(nc, rest); err != nil {
			t.Errorf("the duplicate reads: %v", err)
		}
		if got = append(got, rest...); string(got) != "abcdefghij" {
			t.Errorf("read %q in all", got)
		}
	})
}
