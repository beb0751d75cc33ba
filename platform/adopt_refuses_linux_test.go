package platform_test

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heirloom-go/heirloom/platform"
)

// TestAdoptRefuses offers what cannot be adopted, which is as before then.
func TestAdoptRefuses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		nc, peer := netPair(t)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer packets.Close()
		connected, err := net.Dial("udp", packets.LocalAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer connected.Close()
		datagrams, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		unixgram := fileConn(t, datagrams[0])
		defer unixgram.Close()
		defer unix.Close(datagrams[1])
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		fresh := os.NewFile(uintptr(fd), "fresh")
		defer fresh.Close()
		unconnected, err := net.FileConn(fresh)
		if err != nil {
			t.Fatal(err)
		}
		defer unconnected.Close()
		deaf, err := net.FileListener(fresh)
		if err != nil {
			t.Fatal(err)
		}
		defer deaf.Close()
		lf, err := listener.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer lf.Close()
		listenerAsConn, err := net.FileConn(lf)
		if err != nil {
			t.Fatal(err)
		}
		defer listenerAsConn.Close()
		pipe, other := net.Pipe()
		defer pipe.Close()
		defer other.Close()
		closed, _ := netPair(t)
		closed.Close()

		adopt := func(c net.Conn) error { return w.AdoptConn(new(platform.Conn), c) }
		second := func(_ any, err error) error { return err }
		for name, c := range map[string]struct{ err, want error }{
			"closed":             {adopt(closed), net.ErrClosed},
			"nil":                {adopt(nil), errors.ErrUnsupported},
			"nil TCP":            {adopt((*net.TCPConn)(nil)), errors.ErrUnsupported},
			"TLS":                {adopt(tls.Client(nc, nil)), errors.ErrUnsupported},
			"pipe":               {adopt(pipe), errors.ErrUnsupported},
			"UDP as stream":      {adopt(connected), errors.ErrUnsupported},
			"datagrams":          {adopt(unixgram), syscall.EINVAL},
			"not connected":      {adopt(unconnected), syscall.ENOTCONN},
			"listener as stream": {adopt(listenerAsConn), syscall.EINVAL},
			"no listener":        {second(w.AdoptListener(deaf)), syscall.EINVAL},
			"nil listener":       {second(w.AdoptListener(nil)), errors.ErrUnsupported},
			"TLS listener":       {second(w.AdoptListener(tls.NewListener(listener, nil))), errors.ErrUnsupported},
			"connected packets":  {second(w.AdoptPacketConn(connected.(*net.UDPConn))), syscall.EISCONN},
			"unix packets":       {second(w.AdoptPacketConn(unixgram.(*net.UnixConn))), errors.ErrUnsupported},
			"nil UDP":            {second(w.AdoptPacketConn((*net.UDPConn)(nil))), errors.ErrUnsupported},
			"nil TCP listener":   {second(w.AdoptListener((*net.TCPListener)(nil))), errors.ErrUnsupported},
			"nil unix listener":  {second(w.AdoptListener((*net.UnixListener)(nil))), errors.ErrUnsupported},
			"nil unix":           {adopt((*net.UnixConn)(nil)), errors.ErrUnsupported},
			"nil packets":        {second(w.AdoptPacketConn(nil)), errors.ErrUnsupported},
		} {
			if !errors.Is(c.err, c.want) {
				t.Errorf("%s: %v, want %v", name, c.err, c.want)
			}
		}
		var inUse platform.Conn
		spare, _ := netPair(t)
		if err := w.AdoptConn(&inUse, spare); err != nil {
			t.Fatal(err)
		}
		if err := w.AdoptConn(&inUse, nc); err != platform.ErrInUse {
			t.Errorf("into a Conn that is open: %v, want %v", err, platform.ErrInUse)
		}
		mustPanic(t, "nil Conn", func() { w.AdoptConn(nil, nc) })

		if _, err := nc.Write([]byte("x")); err != nil { // it works as before
			t.Error(err)
		}
		if n, err := peer.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("the peer reads %d, %v", n, err)
		}
		inUse.Close()
		if err := w.AdoptConn(&inUse, nc); err != nil {
			t.Errorf("into a Conn that was closed: %v", err)
		}
	})
}

// TestAdoptAfterClose offers a connection to a proactor that is closed, which leaves it as it is.
func TestAdoptAfterClose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, err := platform.New(platform.WithBackend(w.backend))
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		nc, peer := netPair(t)
		if err := p.AdoptConn(new(platform.Conn), nc); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v, want %v", err, net.ErrClosed)
		}
		if _, err := nc.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if _, err := peer.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
	})
}
