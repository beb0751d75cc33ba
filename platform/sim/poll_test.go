package sim_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// readers returns connections with a read outstanding on each, all of which
// become possible in order; calls is the order in which they end.
func readers(w *world, n int) (calls *[]int) {
	calls = new([]int)
	var clients []*platform.Conn
	for i := range n {
		server, client, l := w.pair("tcp", "127.0.0.1:0")
		l.Close()
		clients = append(clients, client)
		r := new(result)
		r.then = func() { *calls = append(*calls, i) }
		server.Read(make([]byte, 8), r)
	}
	for _, c := range clients {
		c.Write([]byte("x"), new(result))
	}
	return calls
}

// Operations end in the order in which they became possible, unless one
// overtakes.
func TestOvertake(t *testing.T) {
	for _, test := range []struct {
		weather sim.Weather
		answers rare
		want    []int
	}{
		{want: []int{0, 1, 2, 3}},
		{weather: sim.Weather{Overtake: 1}, answers: rare{"which is next": 9}, want: []int{3, 2, 1, 0}},
	} {
		w := open(t, test.answers, sim.WithWeather(test.weather))
		calls := readers(w, 4)
		for len(*calls) < 4 {
			w.run()
		}
		if diff := cmp.Diff(test.want, *calls); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
		w.finish()
	}
}

// Whatever polls do not report, and however late, everything ends.
func TestSlowPolls(t *testing.T) {
	for name, weather := range map[string]sim.Weather{
		"spurious": {Spurious: 1}, "lag": {Lag: 1}, "few": {Few: 1}, "delay": {Delay: 1},
		"all": {Spurious: 2, Lag: 2, Few: 2, Delay: 2},
	} {
		for seed := range uint64(10) {
			w := open(t, sim.Seeded(seed), sim.WithWeather(weather))
			calls := readers(w, 4)
			for len(*calls) < 4 {
				w.run()
			}
			slices.Sort(*calls)
			if !slices.Equal(*calls, []int{0, 1, 2, 3}) {
				t.Errorf("%s: read on %v", name, *calls)
			}
			w.finish()
		}
	}
}

// A read that ends inside the call that starts it is reported later all the
// same.
func TestAtOnce(t *testing.T) {
	w := open(t, sim.Calm, sim.WithWeather(sim.Weather{AtOnce: 1}))
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	var written, read result
	client.Write([]byte("data"), &written)
	server.Read(make([]byte, 8), &read)
	if written.calls+read.calls != 0 {
		t.Fatal("a handler was called inside the call that started its operation")
	}
	if len(w.sim.Outstanding()) != 0 {
		t.Errorf("still outstanding: %v", w.sim.Outstanding())
	}
	w.await(&read)
	written.want(t, "Write", 4, nil)
	read.want(t, "Read", 4, nil)
	w.finish()
}

// The buffer of a read is the kernel's, and nobody's once the read is over.
func TestScribble(t *testing.T) {
	w := open(t, sim.Calm, sim.WithWeather(sim.Weather{Scribble: 1}))
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	buf := []byte("my own")
	var read result
	server.Read(buf, &read)
	if string(buf) == "my own" {
		t.Error("the buffer was not written while the read is outstanding")
	}
	server.Cancel()
	copy(buf, "my own")
	w.await(&read)
	client.Write([]byte("data"), new(result))
	w.run()
	if string(buf) != "my own" {
		t.Errorf("the buffer was written after the read had ended: %q", buf)
	}
	w.finish()
}

// pingPong has a byte go to and fro, each read with a number, and returns how
// many went before something was wrong, or the limit. Each read is started when
// the one before has ended, so it has the same place in the backend's table.
func pingPong(w *world, limit int) (n int) {
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	from, to := client, server
	sent, got := make([]byte, 1), make([]byte, 1)
	for ; n < limit; n++ {
		sent[0], got[0] = byte(n), byte(n)+1
		var read result
		to.Read(got, &read)
		from.Write(sent, new(result))
		w.await(&read)
		if read.n != 1 || read.err != nil || got[0] != byte(n) {
			break
		}
		from, to = to, from
	}
	return n
}

// A completion that comes when its place in the table has the next operation
// misses it.
func TestStaleCompletionMisses(t *testing.T) {
	for seed := range uint64(50) {
		w := open(t, sim.Seeded(seed), sim.WithWeather(sim.Weather{Stale: 1}))
		if n := pingPong(w, 50); n < 50 {
			t.Fatalf("seed %d: round %d went wrong:\n%v", seed, n, w.trace())
		}
		if w.has(sim.Missed) < 50 || w.has(sim.Hit) > 0 {
			t.Fatalf("%d stale completions have missed and %d have hit", w.has(sim.Missed), w.has(sim.Hit))
		}
		w.finish()
	}
}
