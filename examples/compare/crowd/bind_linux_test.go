package crowd

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Connections have several addresses, and leave it to connect to choose their ports.
func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addresses := make(map[string]bool)
	for i := range 2 * sources {
		c, err := Dial(t.Context(), l.Addr().String(), i)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		addresses[c.LocalAddr().(*net.TCPAddr).IP.String()] = true
		raw, err := c.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		raw.Control(func(fd uintptr) {
			if on, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT); on != 1 || err != nil {
				t.Errorf("bind chooses the port of connection %d: %d, %v", i, on, err)
			}
		})
	}
	if len(addresses) != sources {
		t.Errorf("there are %d addresses, want %d", len(addresses), sources)
	}
}
