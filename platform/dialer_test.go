package platform_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/backend"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// hosts is a resolver that knows some hosts. Of one that is not in it, it says what
// package net does; and one whose addresses are nil it looks up for ever, or until its
// context is done, if it heeds that.
type hosts struct {
	addrs map[string][]string
	deaf  bool
	asked chan string   // unless it is nil, gets what is looked up
	until chan struct{} // ends what it looks up for ever
}

func (h *hosts) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if h.asked != nil {
		h.asked <- host
	}
	texts, ok := h.addrs[host]
	switch {
	case !ok:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	case texts == nil && h.deaf:
		<-h.until
		return nil, nil
	case texts == nil:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var all []netip.Addr
	for _, t := range texts {
		a := netip.MustParseAddr(t)
		if network == "ip4" && !a.Is4() || network == "ip6" && a.Is4() {
			continue
		}
		all = append(all, a)
	}
	return all, nil
}

// alsoSimulated runs a test on every backend and on a simulated network.
func alsoSimulated(t *testing.T, test func(*testing.T, *world)) {
	each(t, test)
	t.Run("sim", func(t *testing.T) { test(t, simulated(t)) })
}

// dial dials and returns what the handler is told.
func (w *world) dial(d *platform.Dialer, c *platform.Conn, network, address string) error {
	w.t.Helper()
	var r result
	d.Dial(w.Proactor, c, network, address, &r)
	r.later(w.t)
	return w.told(&r)
}

// at returns the address of a host at the port of a listener.
func at(host string, l *platform.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port)
}

// TestDial dials names and addresses.
func TestDial(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		l4, l6 := w.listen("tcp4", "127.0.0.1:0"), w.listen("tcp6", "[::1]:0")
		defer l4.Close()
		defer l6.Close()
		known := &hosts{addrs: map[string][]string{
			"four.test": {"127.0.0.1"}, "six.test": {"::1"}, "mapped.test": {"::ffff:127.0.0.1"},
			"both.test": {"::1", "127.0.0.1"}, "none.test": {},
		}}
		for _, test := range []struct {
			network, host string
			l             *platform.Listener
			fails         bool
		}{
			{network: "tcp", host: "127.0.0.1", l: l4},
			{network: "tcp", host: "::1", l: l6},
			{network: "tcp", host: "", l: l4},
			{network: "tcp6", host: "", l: l6},
			{network: "tcp", host: "0.0.0.0", l: l4},
			{network: "tcp", host: "::", l: l4},
			{network: "tcp", host: "::", l: l6},
			{network: "tcp4", host: "::", l: l4},
			{network: "tcp6", host: "::", l: l6},
			{network: "tcp", host: "localhost", l: l4},
			{network: "tcp", host: "localhost", l: l6},
			{network: "tcp4", host: "localhost", l: l4},
			{network: "tcp4", host: "localhost", l: l6, fails: true},
			{network: "tcp6", host: "localhost", l: l6},
			{network: "tcp6", host: "localhost", l: l4, fails: true},
			{network: "tcp", host: "four.test", l: l4},
			{network: "tcp", host: "six.test", l: l6},
			{network: "tcp", host: "mapped.test", l: l4},
			{network: "tcp4", host: "both.test", l: l4},
			{network: "tcp", host: "both.test", l: l4},
			{network: "tcp", host: "both.test", l: l6},
			{network: "tcp6", host: "both.test", l: l4, fails: true},
			{network: "tcp6", host: "four.test", l: l4, fails: true},
			{network: "tcp", host: "none.test", l: l4, fails: true},
			{network: "tcp", host: "unknown.test", l: l4, fails: true},
		} {
			var c, server platform.Conn
			var accepted result
			err := w.dial(&platform.Dialer{Resolver: known, FallbackDelay: -1}, &c, test.network, at(test.host, test.l))
			if (err != nil) != test.fails {
				t.Errorf("%s %s: %v", test.network, at(test.host, test.l), err)
			}
			if err != nil {
				if e, ok := err.(*net.OpError); !ok || e.Op != "dial" {
					t.Errorf("%s %s: the error is %#v", test.network, test.host, err)
				}
				continue
			}
			test.l.Accept(&server, &accepted)
			if w.told(&accepted); c.RemoteAddr().String() != test.l.Addr().String() || server.RemoteAddr().String() != c.LocalAddr().String() {
				t.Errorf("%s %s: connected from %v to %v, and accepted from %v", test.network, test.host, c.LocalAddr(), c.RemoteAddr(), server.RemoteAddr())
			}
			var wrote, read result
			c.Write([]byte("hello"), &wrote)
			ops.ReadFull(&server, make([]byte, 5), &read)
			w.await(&wrote, &read)
			read.want(t, 5, nil)
			c.Close()
			server.Close()
		}
	})
}

// TestDialErrors dials what cannot be reached.
func TestDialErrors(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		d := &platform.Dialer{Resolver: &hosts{addrs: map[string][]string{"four.test": {"127.0.0.1"}}}}
		var (
			unknown *net.DNSError
			address *net.AddrError
			network net.UnknownNetworkError
		)
		for _, test := range []struct {
			network, address string
			as               any
			source           string
		}{
			{"tcp", "unknown.test:80", &unknown, ""},
			{"tcp", "four.test", &address, ""},
			{"tcp", "four.test:70000", &address, ""},
			{"tcp", "four.test:8x", &address, ""},
			{"tcp", "127.0.0.1:70000", &address, ""},
			{"tcp4", "[::1]:80", &address, ""},
			{"tcp6", "four.test:80", &unknown, ""},
			{"tcp", "four.test:80", &address, "[::1]:0"},
			{"tcp", "127.0.0.1:80", &address, "[::1]:0"},
			{"udp", "127.0.0.1:80", &network, ""},
			{"udp", "127.0.0.1:80", &network, "127.0.0.1:0"},
			{"", "four.test:80", &network, ""},
		} {
			d := *d
			if test.source != "" {
				d.LocalAddr = netip.MustParseAddrPort(test.source)
			}
			var c platform.Conn
			err := w.dial(&d, &c, test.network, test.address)
			var e net.Error
			if !errors.As(err, test.as) || !errors.As(err, &e) || e.Timeout() {
				t.Errorf("%s %s: %v, want a %T", test.network, test.address, err, test.as)
			}
			if test.address == "four.test" && address.Err != "missing port in address" {
				t.Errorf("%s: %v, want what package net says", test.address, err)
			}
			if c.RemoteAddr() != nil || c.Close() == nil {
				t.Error("a Conn that was not connected is open")
			}
		}
	})
}

// TestDialNegativeBuffer dials with an option that there cannot be.
func TestDialNegativeBuffer(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		for _, o := range []platform.SocketOptions{{ReadBuffer: -1}, {WriteBuffer: -1}} {
			for _, address := range []string{"127.0.0.1:80", "localhost:80"} {
				var c platform.Conn
				if err := w.dial(&platform.Dialer{SocketOptions: o}, &c, "tcp", address); !errors.Is(err, syscall.EINVAL) {
					t.Errorf("%v: %v", o, err)
				}
			}
		}
	})
}

// TestDialFrom dials from an address, and from one and a port.
func TestDialFrom(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		l4, l6 := w.listen("tcp4", "127.0.0.1:0"), w.listen("tcp6", "[::1]:0")
		defer l4.Close()
		defer l6.Close()
		known := &hosts{addrs: map[string][]string{"both.test": {"::1", "127.0.0.1"}}}
		free := w.listen("tcp4", "127.0.0.2:0")
		port := free.Addr().(*net.TCPAddr).AddrPort().Port()
		free.Close()
		for _, test := range []struct {
			from, host string
			l          *platform.Listener
			want       string
		}{
			{"127.0.0.2:0", "127.0.0.1", l4, "127.0.0.2"},
			{netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), port).String(), "127.0.0.1", l4, "127.0.0.2"},
			{"127.0.0.2:0", "both.test", l4, "127.0.0.2"},
			{"[::1]:0", "both.test", l6, "::1"},
			{"[::]:0", "127.0.0.1", l4, "127.0.0.1"},
			{"0.0.0.0:0", "::1", l6, "::1"},
		} {
			d := &platform.Dialer{LocalAddr: netip.MustParseAddrPort(test.from), Resolver: known}
			var c platform.Conn
			if err := w.dial(d, &c, "tcp", at(test.host, test.l)); err != nil {
				t.Errorf("from %s to %s: %v", test.from, test.host, err)
				continue
			}
			got := c.LocalAddr().(*net.TCPAddr).AddrPort()
			if got.Addr().String() != test.want || d.LocalAddr.Port() != 0 && got.Port() != port {
				t.Errorf("from %s to %s: it is from %v", test.from, test.host, got)
			}
			c.Close()
		}
		// Somebody listens where it is to come from.
		d := &platform.Dialer{LocalAddr: l4.Addr().(*net.TCPAddr).AddrPort()}
		err := w.dial(d, new(platform.Conn), "tcp", "127.0.0.1:1")
		if e, ok := err.(*net.OpError); !ok || e.Source == nil || e.Source.String() != l4.Addr().String() {
			t.Errorf("from where somebody listens: %v", err)
		}
	})
}

// TestDialFallback dials hosts of which some addresses do not answer and others refuse.
func TestDialFallback(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// What is sent to the stuck listener's port at 127.0.0.1 gets no answer, and at
		// other addresses it is refused or accepted.
		hung := stuck(t)
		if hung == "" {
			t.Skip("no listener here that does not answer")
		}
		_, port, _ := net.SplitHostPort(hung)
		l := w.listen("tcp4", "127.0.0.3:"+port)
		defer l.Close()
		known := &hosts{addrs: map[string][]string{
			"hangs.test":     {"127.0.0.1", "127.0.0.3"},
			"refuses.test":   {"127.0.0.2", "127.0.0.3"},
			"six.test":       {"::1", "127.0.0.3"},
			"all.test":       {"127.0.0.1", "::1", "127.0.0.2", "127.0.0.3", "127.0.0.1"},
			"allrefuse.test": {"127.0.0.2", "::1"},
		}}
		delays := []time.Duration{time.Millisecond, 0}
		if w.runners > 0 || w.receive != "" {
			delays = delays[:1] // the default takes as long as it says
		}
		for _, delay := range delays {
			d := &platform.Dialer{Resolver: known, FallbackDelay: delay}
			for _, host := range []string{"hangs.test", "refuses.test", "six.test", "all.test"} {
				var c, server platform.Conn
				var accepted result
				if err := w.dial(d, &c, "tcp", net.JoinHostPort(host, port)); err != nil {
					t.Fatalf("%s: %v", host, err)
				}
				l.Accept(&server, &accepted)
				if w.told(&accepted); c.RemoteAddr().String() != l.Addr().String() {
					t.Errorf("%s: connected to %v", host, c.RemoteAddr())
				}
				c.Close()
				server.Close()
			}
			err := w.dial(d, new(platform.Conn), "tcp", net.JoinHostPort("allrefuse.test", port))
			if e, ok := err.(*net.OpError); !errors.Is(err, syscall.ECONNREFUSED) || !ok || e.Addr.String() != "127.0.0.2:"+port {
				t.Errorf("all refuse: %v, want what the first address has said", err)
			}
		}
		// Nothing but a timeout ends it if the next is not tried.
		d := &platform.Dialer{Resolver: known, FallbackDelay: -1, Timeout: 20 * time.Millisecond}
		var c platform.Conn
		err := w.dial(d, &c, "tcp", net.JoinHostPort("hangs.test", port))
		if e, ok := err.(net.Error); !errors.Is(err, os.ErrDeadlineExceeded) || !ok || !e.Timeout() {
			t.Errorf("a dial that takes too long: %v", err)
		}
		if err := w.dial(&platform.Dialer{Resolver: known}, &c, "tcp", net.JoinHostPort("six.test", port)); err != nil {
			t.Errorf("the Conn cannot be used again: %v", err)
		}
		c.Close()
	})
}

// TestDialEnded ends dials early, while the name is looked up and while addresses are
// tried. The resolver is one that heeds its context, or one that does not.
func TestDialEnded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		hung := stuck(t)
		for _, deaf := range []bool{false, true} {
			known := &hosts{addrs: map[string][]string{"slow.test": nil}, deaf: deaf, asked: make(chan string, 100), until: make(chan struct{})}
			defer close(known.until)
			address := "slow.test:80"
			if hung != "" && !deaf {
				known.addrs["hangs.test"] = []string{"127.0.0.1", "127.0.0.1"}
			}
			for _, host := range []string{"slow.test", "hangs.test"} {
				if known.addrs[host] == nil && host != "slow.test" {
					continue
				}
				if host == "hangs.test" {
					_, port, _ := net.SplitHostPort(hung)
					address = net.JoinHostPort(host, port)
				}
				for _, early := range []struct {
					how  string
					want error
					end  func(c *platform.Conn, slot *ops.CancelSlot)
					time time.Duration
				}{
					{how: "the slot", want: ops.ErrCanceled, end: func(_ *platform.Conn, slot *ops.CancelSlot) { slot.Cancel() }},
					{how: "Cancel", want: ops.ErrCanceled, end: func(c *platform.Conn, _ *ops.CancelSlot) { c.Cancel() }},
					{how: "Close", want: net.ErrClosed, end: func(c *platform.Conn, _ *ops.CancelSlot) { c.Close() }},
					{how: "Timeout", want: os.ErrDeadlineExceeded, time: 5 * time.Millisecond},
				} {
					for len(known.asked) > 0 { // by a dial that was over before
						<-known.asked
					}
					var blocks counting
					var slot ops.CancelSlot
					var c platform.Conn
					var r result
					h := ops.WithCancelSlot(ops.WithAllocator(&r, &blocks), &slot)
					d := &platform.Dialer{Resolver: known, Timeout: early.time, FallbackDelay: time.Millisecond}
					d.Dial(w.Proactor, &c, "tcp", address, h)
					if n := blocks.alive(); n != 1 {
						t.Errorf("a dial has %d blocks, want 1", n)
					}
					if early.end != nil {
						ops.Post(w, ops.HandlerFunc(func(int, error) {
							<-known.asked // it is at it, and after that tries addresses
							if host == "slow.test" {
								early.end(&c, &slot)
								return
							}
							w.NewTimer().Wait(5*time.Millisecond, ops.HandlerFunc(func(int, error) { early.end(&c, &slot) }))
						}))
					}
					if err := w.told(&r); !errors.Is(err, early.want) {
						t.Errorf("%s of %s: %v, want %v", early.how, host, err, early.want)
					}
					blocks.check(t)
					if c.RemoteAddr() != nil || c.Close() == nil {
						t.Errorf("%s of %s: the Conn is open", early.how, host)
					}
				}
			}
		}
	})
}

// TestDialAbandoned closes a proactor with dials in all states.
func TestDialAbandoned(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.String(), func(t *testing.T) {
			known := &hosts{addrs: map[string][]string{"slow.test": nil, "hangs.test": {"127.0.0.1", "127.0.0.1"}}, deaf: true, until: make(chan struct{})}
			defer close(known.until)
			var blocks counting
			w := m.open(t, platform.WithAllocator(&blocks))
			addresses := []string{"localhost:1", "slow.test:80"}
			if hung := stuck(t); hung != "" {
				_, port, _ := net.SplitHostPort(hung)
				addresses = append(addresses, net.JoinHostPort("hangs.test", port))
			}
			d := &platform.Dialer{Resolver: known, FallbackDelay: time.Millisecond}
			conns := make([]platform.Conn, 120)
			var told [120]result
			for i := range conns {
				if i == 60 { // those before are under way
					var tick result
					w.NewTimer().Wait(5*time.Millisecond, &tick)
					w.await(&tick)
				}
				d.Dial(w.Proactor, &conns[i], "tcp", addresses[i%len(addresses)], &told[i])
			}
			w.within("Close", func() { w.Close() })
			blocks.check(t)
			for i := range told {
				if told[i].calls > 0 && i%len(addresses) != 0 {
					t.Errorf("a handler was told %v", told[i].err)
				}
			}
			if err := w.dialClosed(d); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a dial afterwards: %v", err)
			}
			blocks.check(t)
		})
	}
}

// dialClosed dials with a proactor that is closed.
func (w *world) dialClosed(d *platform.Dialer) error {
	var r result
	d.Dial(w.Proactor, new(platform.Conn), "tcp", "slow.test:80", &r)
	w.Run(context.Background())
	return r.err
}

// TestDialMany looks up more names than there are goroutines for that, and cancels some.
func TestDialMany(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := w.listen("tcp4", "127.0.0.1:0")
		defer l.Close()
		known := &hosts{addrs: map[string][]string{"slow.test": nil, "four.test": {"127.0.0.1"}}, deaf: true, until: make(chan struct{})}
		const n = 100
		d := &platform.Dialer{Resolver: known}
		var slow, quick [n]result
		var conns [2 * n]platform.Conn
		for i := range n {
			d.Dial(w.Proactor, &conns[i], "tcp", at("slow.test", l), &slow[i])
		}
		for i := range n {
			d.Dial(w.Proactor, &conns[n+i], "tcp", at("four.test", l), &quick[i])
		}
		ops.Post(w, ops.HandlerFunc(func(int, error) {
			for i := range n {
				if i%3 == 0 {
					conns[n+i].Close()
				}
			}
			close(known.until)
		}))
		for i := range n {
			var none *net.DNSError
			if err := w.told(&slow[i]); !errors.As(err, &none) {
				t.Fatalf("a lookup that finds nothing: %v", err)
			}
			if err := w.told(&quick[i]); err != nil && !(i%3 == 0 && errors.Is(err, net.ErrClosed)) {
				t.Fatalf("%d: %v", i, err)
			}
			conns[n+i].Close()
		}
	})
}

// TestDialExhausted has no memory for the operation.
func TestDialExhausted(t *testing.T) {
	alsoSimulated(t, func(t *testing.T, w *world) {
		var c platform.Conn
		for _, address := range []string{"four.test:80", "127.0.0.1:80", "localhost:80"} {
			var r result
			w.Dial(&c, "tcp", address, ops.WithAllocator(&r, allocator.Null[ops.Operation]{}))
			r.later(t)
			if err := w.told(&r); !errors.Is(err, allocator.ErrExhausted) {
				t.Errorf("%s: %v", address, err)
			}
		}
		l := w.listen("tcp", "127.0.0.1:0")
		defer l.Close()
		if err := w.dial(new(platform.Dialer), &c, "tcp", at("localhost", l)); err != nil {
			t.Errorf("the Conn cannot be used afterwards: %v", err)
		}
		var again result
		w.Dial(&c, "tcp", at("localhost", l), &again)
		if err := w.told(&again); err != platform.ErrInUse {
			t.Errorf("dialling with a Conn that is open: %v", err)
		}
		c.Close()
	})
	mustPanic(t, "nil Conn", func() { new(platform.Dialer).Dial(simulated(t).Proactor, nil, "tcp", "localhost:1", &result{}) })
}

// TestDialClosedMeanwhile closes Conns from another goroutine, at any moment of their
// dials: they are closed then, and not forgotten.
func TestDialClosedMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if w.runners == 0 {
			t.Skip("the single runner closes, between two handlers")
		}
		l := w.listen("tcp4", "127.0.0.1:0")
		defer l.Close()
		hold := w.Hold()
		go func() {
			defer hold.Release()
			for i := range 60 {
				var c platform.Conn
				ended := make(chan error, 1)
				w.Dial(&c, "tcp", at("localhost", l), ops.HandlerFunc(func(_ int, err error) { ended <- err }))
				for range i * 50 {
					runtime.Gosched()
				}
				closed := c.Close()
				err := <-ended
				if closed != nil || err != nil && !errors.Is(err, net.ErrClosed) || c.RemoteAddr() != nil {
					t.Errorf("Close returns %v, the handler was told %v, and the peer is %v", closed, err, c.RemoteAddr())
				}
			}
		}()
		w.run()
	})
}

// TestDialOrder dials hosts at all of whose addresses nobody listens: they are tried one after
// another, those of both families in turn.
func TestDialOrder(t *testing.T) {
	for _, c := range []struct{ addrs, want []string }{
		{[]string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "::1", "::2"}, []string{"10.0.0.1", "::1", "10.0.0.2", "::2", "10.0.0.3"}},
		{[]string{"10.0.0.1", "::1", "::2", "10.0.0.2"}, []string{"10.0.0.1", "::1", "10.0.0.2", "::2"}},
		{[]string{"::1", "::2", "10.0.0.1"}, []string{"::1", "10.0.0.1", "::2"}},
		{[]string{"::1", "10.0.0.1", "10.0.0.2"}, []string{"::1", "10.0.0.1", "10.0.0.2"}},
		{[]string{"10.0.0.2", "10.0.0.1"}, []string{"10.0.0.2", "10.0.0.1"}},
		{[]string{"::2"}, []string{"::2"}},
	} {
		var tried connects
		w := simulated(t, platform.WithLayer(func(b backend.Backend) backend.Backend {
			tried.Backend = b
			return &tried
		}))
		d := &platform.Dialer{Resolver: &hosts{addrs: map[string][]string{"some.test": c.addrs}}}
		if err := w.dial(d, new(platform.Conn), "tcp", "some.test:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%v: error %v, want ECONNREFUSED", c.addrs, err)
		}
		if diff := cmp.Diff(c.want, tried.to); diff != "" {
			t.Errorf("%v are tried in this order (-want +got):\n%s", c.addrs, diff)
		}
	}
}

// connects is a layer that notes which addresses are connected to.
type connects struct {
	backend.Backend
	to []string
}

func (l *connects) Start(s *backend.Socket, op *ops.Operation) bool {
	if op.Kind == ops.KindConnect {
		l.to = append(l.to, backend.Addr(op).Addr().String())
	}
	return l.Backend.Start(s, op)
}

// A simulated network knows no hosts but those of a Resolver.
func TestDialSimulatedHost(t *testing.T) {
	w := simulated(t)
	var unknown *net.DNSError
	err := w.dial(new(platform.Dialer), new(platform.Conn), "tcp", "none.test:80")
	if !errors.As(err, &unknown) || !unknown.IsNotFound || unknown.Name != "none.test" {
		t.Errorf("error %v, want one that says that there is no host with the name", err)
	}
}

// TestDialSimulated dials a host on a simulated network in bad weather, of which the
// same seed makes the same again.
func TestDialSimulated(t *testing.T) {
	for seed := range uint64(50) {
		var events [2][]string
		for again := range events {
			s := sim.New(sim.Seeded(seed), sim.Alone(), sim.WithWeather(sim.Weather{Delay: 2, MaxDelay: 2 * time.Second, Refuse: 4, Overtake: 2, SlowCancel: 2, Lag: 4}),
				sim.WithObserver(func(e sim.Event) { e.Op = nil; events[again] = append(events[again], fmt.Sprint(e)) }))
			p, err := platform.New(platform.WithCustomBackend(s.Backend), platform.SingleRunner())
			if err != nil {
				t.Fatal(err)
			}
			l, err := p.Listen("tcp4", ":7")
			if err != nil {
				t.Fatal(err)
			}
			var blocks counting
			var c platform.Conn
			var r result
			known := &hosts{addrs: map[string][]string{"many.test": {"10.0.0.1", "::1", "10.0.0.2", "10.0.0.3"}}}
			d := &platform.Dialer{Resolver: known, Timeout: 3 * time.Second}
			d.Dial(p, &c, "tcp", "many.test:7", ops.WithAllocator(&r, &blocks))
			if err := p.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			if r.calls != 1 || r.err == nil != (c.RemoteAddr() != nil) {
				t.Errorf("seed %d: told %d times, last %v, and the peer is %v", seed, r.calls, r.err, c.RemoteAddr())
			}
			if r.err != nil && !errors.Is(r.err, syscall.ECONNREFUSED) && !errors.Is(r.err, os.ErrDeadlineExceeded) {
				t.Errorf("seed %d: %v", seed, r.err)
			}
			blocks.check(t)
			c.Close()
			l.Close()
			p.Close()
		}
		if d := cmp.Diff(events[0], events[1]); d != "" {
			t.Fatalf("seed %d: not the same again:\n%s", seed, d)
		}
	}
}
