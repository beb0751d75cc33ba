package netconn_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/platform/netconn"
)

// packets returns a packet socket, which is closed with the test.
func (w *world) packets() *netconn.PacketConn {
	w.Helper()
	c, err := netconn.ListenPacket(w.Proactor, "udp4", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	return c
}

// TestPackets sends packets there and back, from a socket that is not connected and from one
// that is.
func TestPackets(t *testing.T) {
	each(t, func(w *world) {
		a, b := w.packets(), w.packets()
		d := netconn.Dialer{Proactor: w.Proactor}
		dialed, err := d.Dial("udp4", b.LocalAddr().String())
		if err != nil {
			w.Fatal(err)
		}
		defer dialed.Close()
		c := dialed.(*netconn.PacketConn)
		if c.RemoteAddr().String() != b.LocalAddr().String() {
			w.Errorf("connected to %v", c.RemoteAddr())
		}
		buf := make([]byte, 8)
		send := map[string]func() (int, error){
			"WriteTo":         func() (int, error) { return a.WriteTo([]byte("some"), b.LocalAddr()) },
			"WriteToAddrPort": func() (int, error) { return a.WriteToAddrPort([]byte("some"), addrPort(b)) },
			"Write":           func() (int, error) { return c.Write([]byte("some")) },
		}
		for name, f := range send {
			from := a
			if name == "Write" {
				from = c
			}
			if n, err := f(); n != 4 || err != nil {
				w.Errorf("%s: %d, %v", name, n, err)
			}
			n, sender, err := b.ReadFrom(buf)
			if string(buf[:n]) != "some" || err != nil || sender.String() != from.LocalAddr().String() {
				w.Errorf("%s: %q from %v, %v", name, buf[:n], sender, err)
			}
		}
		if n, err := b.WriteToAddrPort([]byte("longer than that"), addrPort(c)); n != 16 || err != nil {
			w.Errorf("WriteToAddrPort: %d, %v", n, err)
		}
		if n, err := c.Read(buf); string(buf[:n]) != "longer t" || err != nil {
			w.Errorf("reads %q, %v of a packet that is longer", buf[:n], err)
		}
		b.WriteTo(nil, c.LocalAddr())
		if n, from, err := c.ReadFromAddrPort(buf); n != 0 || err != nil || from != addrPort(b) {
			w.Errorf("reads %d from %v, %v of an empty packet", n, from, err)
		}
	})
}

func addrPort(c *netconn.PacketConn) netip.AddrPort {
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

// TestPacketErrors has what ends calls end them.
func TestPacketErrors(t *testing.T) {
	each(t, func(w *world) {
		a := w.packets()
		a.WriteTo([]byte("x"), a.LocalAddr())
		if _, from, err := a.ReadFromAddrPort(make([]byte, 1)); from != addrPort(a) || err != nil {
			w.Errorf("reads a packet from %v, %v", from, err)
		}
		read := func() error { _, err := a.Read(make([]byte, 1)); return err }
		reads := w.ended(read)
		a.SetReadDeadline(time.Unix(1, 0))
		w.opError(w.want("Read", reads), os.ErrDeadlineExceeded, "read", true)
		a.SetDeadline(w.Now().Add(time.Millisecond))
		_, _, err := a.ReadFrom(make([]byte, 1))
		w.opError(err, os.ErrDeadlineExceeded, "read", true)
		_, from, err := a.ReadFromAddrPort(make([]byte, 1))
		if w.opError(err, os.ErrDeadlineExceeded, "read", true); from.IsValid() {
			w.Errorf("no packet comes from %v", from)
		}
		a.SetWriteDeadline(time.Unix(1, 0))
		_, err = a.WriteTo([]byte("x"), a.LocalAddr())
		w.opError(err, os.ErrDeadlineExceeded, "write", true)
		a.SetDeadline(time.Time{})

		_, err = a.WriteTo([]byte("x"), &net.UnixAddr{Name: "x", Net: "unix"})
		if _, ok := errors.AsType[*net.AddrError](err); !ok {
			w.Errorf("sends to a path: %v", err)
		}
		if _, err = a.WriteTo([]byte("x"), nil); err == nil {
			w.Error("sends to nobody")
		}
		if _, err = a.Write([]byte("x")); err == nil {
			w.Error("sends to the peer of a socket that is not connected")
		}
		d := netconn.Dialer{Proactor: w.Proactor}
		c, err := d.Dial("udp4", a.LocalAddr().String())
		if err != nil {
			w.Fatal(err)
		}
		defer c.Close()
		_, err = c.(*netconn.PacketConn).WriteTo([]byte("x"), a.LocalAddr())
		w.opError(err, net.ErrWriteToConnected, "write", false)

		reads = w.ended(read)
		a.Close()
		w.opError(w.want("Read", reads), net.ErrClosed, "read", false)
		w.opError(w.want("Read", w.ended(read)), net.ErrClosed, "read", false)
		w.opError(a.Close(), net.ErrClosed, "close", false)
		_, err = a.WriteTo([]byte("x"), c.LocalAddr())
		w.opError(err, net.ErrClosed, "write", false)
	})
}
