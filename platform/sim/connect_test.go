package sim_test

import (
	"errors"
	"io"
	"net/netip"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

func TestAddressInUse(t *testing.T) {
	for _, test := range []struct {
		first, second [2]string
		free          bool
	}{
		{first: [2]string{"tcp", "127.0.0.1:80"}, second: [2]string{"tcp", "127.0.0.1:80"}},
		{first: [2]string{"tcp", "127.0.0.1:80"}, second: [2]string{"tcp", ":80"}},
		{first: [2]string{"tcp4", ":80"}, second: [2]string{"tcp", "10.0.0.1:80"}},
		{first: [2]string{"tcp", "localhost:80"}, second: [2]string{"tcp", "127.0.0.1:80"}},
		{first: [2]string{"unix", "/a"}, second: [2]string{"unix", "/a"}},
		{first: [2]string{"udp", "127.0.0.1:80"}, second: [2]string{"udp4", "127.0.0.1:80"}},
		{first: [2]string{"tcp", "127.0.0.1:80"}, second: [2]string{"tcp", "127.0.0.1:81"}, free: true},
		{first: [2]string{"tcp", "127.0.0.1:80"}, second: [2]string{"tcp", "10.0.0.1:80"}, free: true},
		{first: [2]string{"tcp", "127.0.0.1:80"}, second: [2]string{"udp", "127.0.0.1:80"}, free: true},
		{first: [2]string{"tcp4", ":80"}, second: [2]string{"tcp6", ":80"}, free: true},
		{first: [2]string{"unix", "/a"}, second: [2]string{"unix", "/b"}, free: true},
	} {
		w := open(t, sim.Calm)
		listen := func(at [2]string) (interface{ Close() error }, error) {
			if at[0][:3] == "udp" {
				return w.ListenPacket(at[0], at[1])
			}
			return w.Listen(at[0], at[1])
		}
		l, err := listen(test.first)
		if err != nil {
			t.Fatalf("%v: %v", test.first, err)
		}
		_, err = listen(test.second)
		if test.free != (err == nil) || err != nil && !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("%v after %v: %v", test.second, test.first, err)
		}
		if !test.free {
			l.Close()
			if _, err := listen(test.second); err != nil {
				t.Errorf("%v once %v is closed: %v", test.second, test.first, err)
			}
		}
		w.finish()
	}
}

func TestBadAddress(t *testing.T) {
	w := open(t, sim.Calm)
	for _, at := range [][2]string{
		{"tcp", "127.0.0.1"}, {"tcp", "127.0.0.1:http"}, {"tcp", "example.org:80"}, {"tcp", "127.0.0.1:70000"},
		{"tcp4", "[::1]:80"}, {"tcp6", "127.0.0.1:80"},
	} {
		if _, err := w.Listen(at[0], at[1]); err == nil {
			t.Errorf("Listen(%q, %q) succeeds", at[0], at[1])
		}
	}
}

func TestConnectToNobody(t *testing.T) {
	for _, test := range []struct {
		network, address string
		want             error
	}{
		{"tcp", "127.0.0.1:80", syscall.ECONNREFUSED},
		{"tcp", "[::1]:80", syscall.ECONNREFUSED},
		{"unix", "/nowhere", syscall.ENOENT},
	} {
		w := open(t, sim.Calm)
		var c platform.Conn
		var r, again result
		w.Connect(&c, test.network, test.address, &r)
		w.await(&r)
		r.want(t, test.network, 0, test.want)
		if _, err := w.Listen(test.network, test.address); err != nil {
			t.Fatal(err)
		}
		w.Connect(&c, test.network, test.address, &again)
		w.await(&again)
		again.want(t, "Connect when somebody listens", 0, nil)
		w.finish()
	}
}

func TestRefuse(t *testing.T) {
	w := open(t, sim.Calm, sim.WithWeather(sim.Weather{Refuse: 1}))
	l, _ := w.Listen("tcp", "127.0.0.1:0")
	var r result
	w.Connect(new(platform.Conn), "tcp", l.Addr().String(), &r)
	w.await(&r)
	r.want(t, "Connect", 0, syscall.ECONNREFUSED)
	w.finish()
}

// Both ends agree on their addresses, whatever the listener listens on.
func TestAddresses(t *testing.T) {
	for _, test := range []struct{ listen, connect string }{
		{"127.0.0.1:7", "127.0.0.1:7"}, {":7", "127.0.0.1:7"}, {":7", "10.1.2.3:7"}, {":7", "[::1]:7"}, {"[::1]:7", "[::1]:7"}, {":7", "0.0.0.0:7"},
	} {
		w := open(t, sim.Calm)
		l, err := w.Listen("tcp", test.listen)
		if err != nil {
			t.Fatal(err)
		}
		var server, client platform.Conn
		var r, a result
		w.Connect(&client, "tcp", test.connect, &r)
		l.Accept(&server, &a)
		w.await(&r, &a)
		r.want(t, "Connect to "+test.connect, 0, nil)
		if client.LocalAddr().String() != server.RemoteAddr().String() || client.RemoteAddr().String() != server.LocalAddr().String() {
			t.Errorf("%s: the client is at %v and sees %v, the server is at %v and sees %v", test.listen,
				client.LocalAddr(), client.RemoteAddr(), server.LocalAddr(), server.RemoteAddr())
		}
		if to := netip.MustParseAddrPort(test.connect); !to.Addr().IsUnspecified() && client.RemoteAddr().String() != test.connect {
			t.Errorf("connected to %v, want %v", client.RemoteAddr(), test.connect)
		}
		w.finish()
	}
}

func TestUnixAddresses(t *testing.T) {
	w := open(t, sim.Calm)
	server, client, l := w.pair("unix", "/virtual/socket")
	got := []string{l.Addr().String(), server.LocalAddr().String(), server.RemoteAddr().String(), client.LocalAddr().String(), client.RemoteAddr().String()}
	want := []string{"/virtual/socket", "/virtual/socket", "", "", "/virtual/socket"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("addresses (-want +got):\n%s", diff)
	}
	if unnamed, err := w.Listen("unix", ""); err != nil || unnamed.Addr().String() == "" {
		t.Errorf("Listen without a path: %v, %v", unnamed, err)
	}
	w.finish()
}

// Without descriptors an accept fails, and the connection is there for the
// next one.
func TestNoDescriptors(t *testing.T) {
	answers := rare{"no descriptors": 1}
	w := open(t, answers, sim.WithWeather(sim.Weather{NoDescriptors: 10}))
	l, _ := w.Listen("tcp", "127.0.0.1:0")
	var server, client platform.Conn
	var connected, fails, succeeds result
	w.Connect(&client, "tcp", l.Addr().String(), &connected)
	l.Accept(&server, &fails)
	w.await(&fails)
	connected.want(t, "Connect", 0, nil)
	fails.want(t, "Accept", 0, syscall.EMFILE)
	delete(answers, "no descriptors")
	l.Accept(&server, &succeeds)
	w.await(&succeeds)
	succeeds.want(t, "the next Accept", 0, nil)
	w.finish()
}

// Those who wait to be accepted are limited in number, and are reset when the
// listener closes.
func TestBacklog(t *testing.T) {
	w := open(t, sim.Calm)
	l, _ := w.Listen("tcp", "127.0.0.1:0")
	var first platform.Conn
	refused := false
	for i := 0; !refused; i++ {
		c := &first
		if i > 0 {
			c = new(platform.Conn)
		}
		var r result
		w.Connect(c, "tcp", l.Addr().String(), &r)
		w.await(&r)
		if refused = r.err != nil; refused && i < 16 {
			t.Fatalf("only %d may wait", i)
		}
	}
	l.Close()
	var reset, end result
	first.Read(make([]byte, 1), &reset)
	first.Read(make([]byte, 1), &end)
	w.await(&end)
	reset.want(t, "a read", 0, syscall.ECONNRESET)
	end.want(t, "the next read", 0, io.EOF)
	w.finish()
}

// A connection that was closed before it was accepted can still be accepted,
// and read to its end.
func TestClosedBeforeAccepted(t *testing.T) {
	w := open(t, sim.Calm)
	l, _ := w.Listen("tcp", "127.0.0.1:0")
	var server, client platform.Conn
	var connected, written, accepted, read, end result
	w.Connect(&client, "tcp", l.Addr().String(), &connected)
	w.await(&connected)
	client.Write([]byte("short"), &written)
	w.await(&written)
	client.Close()
	l.Accept(&server, &accepted)
	w.await(&accepted)
	server.Read(make([]byte, 8), &read)
	server.Read(make([]byte, 8), &end)
	w.await(&end)
	read.want(t, "Read", 5, nil)
	end.want(t, "Read", 0, io.EOF)
	w.finish()
}
