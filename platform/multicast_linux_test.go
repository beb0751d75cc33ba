package platform_test

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMulticast(t *testing.T) {
	lo := loopbackInterface(t)
	each(t, func(t *testing.T, w *world) {
		for _, at := range []struct{ network, group, local string }{
			{"udp4", "224.0.0.99", "127.0.0.1:0"},
			{"udp6", "ff11::99", "[::1]:0"},
		} {
			group := netip.MustParseAddr(at.group)
			a, b := w.packets(at.network, net.JoinHostPort(at.group, "0")), w.packets(at.network, at.local)
			to := netip.AddrPortFrom(group, addrOf(a).Port())
			for name, err := range map[string]error{
				"join":      a.JoinGroup(group, lo),
				"interface": b.SetMulticastInterface(lo),
				"loopback":  b.SetMulticastLoopback(true),
				"TTL":       b.SetMulticastTTL(1),
				"info":      a.EnablePacketInfo(),
			} {
				if err != nil {
					t.Fatalf("%s, %s: %v", at.network, name, err)
				}
			}
			in := rooms(1, 8)
			var wrote, read result
			b.WriteTo([]byte("group"), to, &wrote)
			w.await(&wrote)
			if errors.Is(wrote.err, syscall.ENETUNREACH) {
				t.Log("there is no route to", to)
				if err := a.LeaveGroup(group, lo); err != nil {
					t.Error(err)
				}
				continue
			}
			wrote.want(t, 5, nil)
			a.ReadBatch(in, &read)
			w.await(&read)
			read.want(t, 1, nil)
			if p := in[0]; string(p.Buf[:p.N]) != "group" || p.Local != group || p.Interface != lo.Index || p.Peer != addrOf(b) {
				t.Errorf("%s: %+v", at.network, p)
			}

			// Who has left does not get what is sent to the group.
			if err := a.LeaveGroup(group, lo); err != nil {
				t.Fatal(err)
			}
			if err := a.LeaveGroup(group, lo); err == nil {
				t.Error("a group was left twice")
			}
			var again, direct, last result
			b.WriteTo([]byte("again"), to, &again)
			w.await(&again)
			b.WriteTo([]byte("direct"), netip.AddrPortFrom(addrOf(b).Addr(), to.Port()), &direct)
			a.ReadBatch(in, &last)
			w.await(&direct, &last)
			if p := in[0]; string(p.Buf[:p.N]) != "direct" {
				t.Errorf("%s: read %q, want what was not sent to the group", at.network, p.Buf[:p.N])
			}
			var wrong *net.AddrError
			if err := a.JoinGroup(addrOf(b).Addr(), lo); !errors.As(err, &wrong) {
				t.Errorf("joined an address that is no group: %v", err)
			}
			a.Close()
			b.Close()
			if err := a.JoinGroup(group, lo); !errors.Is(err, net.ErrClosed) {
				t.Errorf("joined with a closed socket: %v", err)
			}
		}
	})
}

// What is set for packets to groups is set for the family of the socket, and a socket that
// is closed says so.
func TestMulticastOptions(t *testing.T) {
	lo := loopbackInterface(t)
	each(t, func(t *testing.T, w *world) {
		for _, at := range []struct {
			local                string
			level, by, loop, ttl int
		}{
			{"127.0.0.1:0", unix.IPPROTO_IP, unix.IP_MULTICAST_IF, unix.IP_MULTICAST_LOOP, unix.IP_MULTICAST_TTL},
			{"[::1]:0", unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, unix.IPV6_MULTICAST_LOOP, unix.IPV6_MULTICAST_HOPS},
		} {
			c := w.packets("udp", at.local)
			set := func() [3]error {
				return [3]error{c.SetMulticastInterface(lo), c.SetMulticastLoopback(false), c.SetMulticastTTL(7)}
			}
			for i, err := range set() {
				if err != nil {
					t.Errorf("%s: option %d: %v", at.local, i, err)
				}
			}
			if loop, ttl := get(t, c, at.level, at.loop), get(t, c, at.level, at.ttl); loop != 0 || ttl != 7 {
				t.Errorf("%s: loopback is %d, and TTL %d, want 0 and 7", at.local, loop, ttl)
			}
			if at.level == unix.IPPROTO_IPV6 { // IPv4 does not tell the index
				if by := get(t, c, at.level, at.by); by != lo.Index {
					t.Errorf("the interface is %d, want %d", by, lo.Index)
				}
			}
			if err := c.SetMulticastInterface(&net.Interface{Index: 1 << 30}); err == nil {
				t.Errorf("%s: an interface that there is not was set", at.local)
			}
			c.Close()
			for i, err := range set() {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s: option %d of a closed socket: %v", at.local, i, err)
				}
			}
		}
	})
}
