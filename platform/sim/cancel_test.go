package sim_test

import (
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// What becomes of a read that is cancelled when its data has arrived, and how
// the backend lets go of it.
func TestCancel(t *testing.T) {
	for _, test := range []struct {
		name    string
		weather sim.Weather
		answers rare
		empty   bool // no data has arrived
		early   bool // the kernel has done the read when it is cancelled
		event   sim.What
		n       int
		err     error
	}{
		{name: "nothing there", empty: true, event: sim.Released, err: ops.ErrCanceled},
		{name: "at once", event: sim.Released, err: ops.ErrCanceled},
		{name: "later", weather: sim.Weather{SlowCancel: 1}, event: sim.Asked, err: ops.ErrCanceled},
		{name: "later, nothing there", weather: sim.Weather{SlowCancel: 1}, empty: true, event: sim.Asked, err: ops.ErrCanceled},
		{name: "later, too late", weather: sim.Weather{SlowCancel: 1}, answers: rare{"cancel comes too late": 1}, event: sim.Asked, n: 4},
		{name: "done, not reported", weather: sim.Weather{Lag: 1}, early: true, event: sim.Completed, n: 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, test.answers, sim.WithWeather(test.weather))
			server, client, _ := w.pair("tcp", "127.0.0.1:0")
			var read, written, posted result
			if !test.empty {
				client.Write([]byte("data"), &written)
				w.await(&written)
			}
			server.Read(make([]byte, 8), &read)
			if test.early {
				// A post makes the proactor poll without waiting.
				ops.Post(w, &posted)
				w.await(&posted)
				for w.events[len(w.events)-1].What != sim.Done {
					posted = result{}
					ops.Post(w, &posted)
					w.await(&posted)
				}
			}
			server.Cancel()
			w.await(&read)
			read.want(t, "the read", test.n, test.err)
			if w.has(test.event) == 0 {
				t.Errorf("the cancelled read was not %v:\n%v", test.event, w.trace())
			}
			if test.n == 0 && !test.empty { // nothing is lost
				var again result
				server.Read(make([]byte, 8), &again)
				w.await(&again)
				again.want(t, "the next read", 4, nil)
			}
			w.finish()
		})
	}
}

// A connect that is cancelled too late connects.
func TestCancelConnect(t *testing.T) {
	w := open(t, rare{"cancel comes too late": 1}, sim.WithWeather(sim.Weather{SlowCancel: 1}))
	l, _ := w.Listen("tcp", "127.0.0.1:0")
	var c platform.Conn
	var r result
	w.Connect(&c, "tcp", l.Addr().String(), &r)
	c.Cancel()
	w.await(&r)
	r.want(t, "Connect", 0, nil)
	if c.RemoteAddr() == nil {
		t.Error("not connected")
	}
	w.finish()
}

// Timeouts and timers are exact, and take no real time.
func TestTimeout(t *testing.T) {
	for _, slow := range []int{0, 1} {
		w := open(t, sim.Calm, sim.WithWeather(sim.Weather{SlowCancel: slow}))
		server, _, _ := w.pair("tcp", "127.0.0.1:0")
		var read, day result
		began, took := w.sim.Now(), time.Duration(0)
		read.then = func() { took = w.sim.Now() - began }
		server.Read(make([]byte, 8), ops.WithTimeout(&read, time.Hour))
		w.NewTimer().Wait(24*time.Hour, &day)
		w.await(&read, &day)
		read.want(t, "the read", 0, os.ErrDeadlineExceeded)
		if took < time.Hour || took > time.Hour+time.Millisecond {
			t.Errorf("the read has taken %v", took)
		}
		if past := w.sim.Now() - began; past < 24*time.Hour || past > 24*time.Hour+time.Millisecond {
			t.Errorf("the wait has taken %v", past)
		}
		w.finish()
	}
}

// A socket that was closed while the kernel had its operations still counts
// when the proactor is closed.
func TestCloseAfterClose(t *testing.T) {
	w := open(t, sim.Calm, sim.WithWeather(sim.Weather{SlowCancel: 1}))
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	server.Read(make([]byte, 8), new(result))
	server.Close()
	client.Close()
	w.finish()
}

// Everything that can be outstanding is, when the proactor is closed.
func TestAbandon(t *testing.T) {
	for _, weather := range []sim.Weather{{}, {SlowCancel: 1}, {SlowCancel: 1, Delay: 1, Lag: 1, Stale: 1, Spurious: 2}, sim.Stormy()} {
		for seed := range uint64(20) {
			w := open(t, sim.Seeded(seed), sim.WithWeather(weather))
			server, client, l := w.pair("tcp", "127.0.0.1:0")
			packets := w.packetConn("127.0.0.1:0")
			var none []*result
			handler := func() *result {
				none = append(none, new(result))
				return none[len(none)-1]
			}
			for range 2 {
				server.Read(make([]byte, 8), handler())
				ops.ReadFull(client, make([]byte, 8), handler())
				ops.WriteFull(client, make([]byte, 1<<20), handler())
				packets.ReadFrom(make([]byte, 8), nil, handler())
				l.Accept(new(platform.Conn), handler())
				w.Connect(new(platform.Conn), "tcp", l.Addr().String(), handler())
				w.NewTimer().Wait(time.Second, handler())
			}
			if seed%2 == 1 {
				server.Close()
			}
			w.finish()
			for i, r := range none {
				if r.calls != 0 {
					t.Errorf("handler %d was called after Close: %d, %v", i, r.n, r.err)
				}
			}
			if left := w.sim.Outstanding(); len(left) != 0 {
				t.Errorf("the world still has %v", left)
			}
		}
	}
}
