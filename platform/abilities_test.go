package platform_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// packetInfo is the row of what only Linux is asked for.
const packetInfo = "where packets were sent to, ECN"

// notCopied is the row of what only Linux has.
const notCopied = "`Pipe`, `Copier` without copying (splice)"

// An ability is a row of the table. It is tried with a proactor of the backend.
type ability struct {
	name string
	try  func(w *world) error
}

var abilities = []ability{
	{"`Connect`, `Accept`, `Dial`", func(w *world) error {
		w.pair()
		return nil
	}},
	{"the same, unix", func(w *world) error {
		dir, err := os.MkdirTemp("", "")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "s")
		l, err := w.Listen("unix", path)
		if err != nil {
			return err
		}
		defer l.Close()
		var a, b platform.Conn
		var accepted, connected result
		l.Accept(&a, &accepted)
		w.Connect(&b, "unix", path, &connected)
		w.await(&accepted, &connected)
		return errors.Join(accepted.err, connected.err)
	}},
	{"`Read`, `Write`", func(w *world) error {
		a, b := w.pair()
		return w.exchange(func(h ops.Handler) { a.Write([]byte{1}, h) }, func(h ops.Handler) { b.Read(make([]byte, 1), h) })
	}},
	{"`ReadVectored`, `WriteVectored`", func(w *world) error {
		a, b := w.pair()
		two := [][]byte{{1}, {2}}
		return w.exchange(func(h ops.Handler) { a.WriteVectored(two, h) }, func(h ops.Handler) { b.ReadVectored(two, h) })
	}},
	{"`WaitReadable`, `TryRead`", func(w *world) error {
		a, b := w.pair()
		if err := w.exchange(func(h ops.Handler) { a.Write([]byte{1}, h) }, b.WaitReadable); err != nil {
			return err
		}
		_, err := w.try(b, make([]byte, 1))
		return err
	}},
	{"`TryWrite`", func(w *world) error {
		a, _ := w.pair()
		_, err := a.TryWrite([]byte{1})
		if err == ops.ErrWouldBlock {
			return errors.ErrUnsupported // it never writes
		}
		return err
	}},
	{"`CloseWrite`", func(w *world) error {
		a, _ := w.pair()
		return a.CloseWrite()
	}},
	{"options of what is open", func(w *world) error {
		a, _ := w.pair()
		return errors.Join(a.SetNoDelay(false), a.SetKeepAlive(net.KeepAliveConfig{Enable: true}), a.SetLinger(0), a.SetReadBuffer(1<<16))
	}},
	{"`SyscallConn`", func(w *world) error {
		a, _ := w.pair()
		_, err := a.SyscallConn()
		return err
	}},
	{"`AdoptConn`, `Conn.File`", func(w *world) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		defer nc.Close()
		var c platform.Conn
		if err := w.AdoptConn(&c, nc); err != nil {
			return err
		}
		f, err := c.File()
		if err == nil {
			f.Close()
		}
		return err
	}},
	{"several proactors on a port", func(w *world) error {
		l, err := platform.ListenConfig{ReusePort: true}.Listen(w.Proactor, "tcp", "127.0.0.1:0")
		if err == nil {
			l.Close()
		}
		return err
	}},
	{"`ReadFrom`, `WriteTo`", func(w *world) error {
		return w.packet(func(c *platform.PacketConn, h ops.Handler) { c.WriteTo([]byte{1}, addrOf(c), h) },
			func(c *platform.PacketConn, h ops.Handler) { c.ReadFrom(make([]byte, 1), nil, h) })
	}},
	{"connected packet sockets", func(w *world) error {
		return w.packet(func(c *platform.PacketConn, h ops.Handler) {
			if err := c.Connect(addrOf(c)); err != nil {
				h.Complete(0, err)
				return
			}
			c.Write([]byte{1}, h)
		}, func(c *platform.PacketConn, h ops.Handler) { c.Read(make([]byte, 1), h) })
	}},
	{"`ReadBatch`, `WriteBatch`", func(w *world) error {
		return w.packet(func(c *platform.PacketConn, h ops.Handler) {
			c.WriteBatch([]platform.Packet{{Buf: []byte{1}, Peer: addrOf(c)}}, h)
		}, func(c *platform.PacketConn, h ops.Handler) {
			c.ReadBatch([]platform.Packet{{Buf: make([]byte, 1)}}, h)
		})
	}},
	{packetInfo, func(w *world) error {
		c, err := w.ListenPacket("udp4", "127.0.0.1:0")
		switch {
		case err != nil && runtime.GOOS != "linux":
			return errors.ErrUnsupported // on all other systems
		case err != nil:
			return err
		}
		defer c.Close()
		return c.EnablePacketInfo()
	}},
	{"multicast", func(w *world) error {
		c, err := w.ListenPacket("udp4", "0.0.0.0:0")
		if err != nil {
			return err
		}
		defer c.Close()
		return c.SetMulticastTTL(1)
	}},
	{"`ReadAt`, `WriteAt`, `Sync`", func(w *world) error {
		f, done := w.someFile()
		defer done()
		return errors.Join(w.one(func(h ops.Handler) { f.WriteAt([]byte{1}, 0, h) }),
			w.one(func(h ops.Handler) { f.ReadAt(make([]byte, 1), 0, h) }), w.one(f.Sync))
	}},
	{"`SendFile`", func(w *world) error {
		f, done := w.someFile()
		defer done()
		a, b := w.pair()
		if err := w.one(func(h ops.Handler) { f.WriteAt([]byte{1}, 0, h) }); err != nil {
			return err
		}
		return w.exchange(func(h ops.Handler) { a.SendFile(f, 0, 1, h) }, func(h ops.Handler) { b.Read(make([]byte, 1), h) })
	}},
	{notCopied, func(w *world) error {
		if a, _ := w.pair(); !platform.Splices(a) {
			return errors.ErrUnsupported
		}
		return nil
	}},
	{"`Signals`", func(w *world) error {
		s, err := w.NewSignals(os.Interrupt)
		if err == nil {
			s.Close()
		}
		return err
	}},
}

// one does an operation.
func (w *world) one(start func(ops.Handler)) error {
	var r result
	start(&r)
	w.await(&r)
	return r.err
}

// exchange starts a read and a write.
func (w *world) exchange(write, read func(ops.Handler)) error {
	var wrote, got result
	read(&got)
	write(&wrote)
	w.await(&wrote, &got)
	return errors.Join(wrote.err, got.err)
}

// packet sends a packet to the socket itself.
func (w *world) packet(write, read func(*platform.PacketConn, ops.Handler)) error {
	c, err := w.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer c.Close()
	return w.exchange(func(h ops.Handler) { write(c, h) }, func(h ops.Handler) { read(c, h) })
}

// someFile opens a file that is not there afterwards.
func (w *world) someFile() (f *platform.File, done func()) {
	name := filepath.Join(os.TempDir(), fmt.Sprintf("heirloom-%d", os.Getpid()))
	if w.backend == "sim" {
		name = "file"
	}
	f, err := w.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	return f, func() {
		f.Close()
		os.Remove(name)
	}
}
