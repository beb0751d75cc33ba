package sim_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// The answers to a seed are part of what is promised: a seed in a report stays
// good.
func TestSeeded(t *testing.T) {
	c := sim.Seeded(1)
	var got []int
	for range 12 {
		got = append(got, c.Choose(10, ""))
	}
	want := []int{2, 5, 9, 0, 3, 9, 2, 1, 2, 9, 0, 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers to seed 1 (-want +got):\n%s", diff)
	}
}

func TestSeededIsEven(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 1000} {
		counts, c := make([]int, n), sim.Seeded(uint64(n))
		for range 1000 * n {
			counts[c.Choose(n, "")]++
		}
		for answer, count := range counts {
			if count < 800 || count > 1200 {
				t.Errorf("of %d, %d is the answer %d times in %d", n, answer, count, 1000*n)
			}
		}
	}
}

// What can go only one way is not asked about.
func TestNothingToChoose(t *testing.T) {
	w := open(t, chooserFunc(func(n int, what string) int {
		t.Errorf("asked for one of %d: %s", n, what)
		return 0
	}), sim.WithWeather(sim.Weather{AtOnce: 1, NoDescriptors: 0}))
	server, client, _ := w.pair("tcp", "127.0.0.1:0")
	server.Read(make([]byte, 1), new(result))
	client.Write([]byte("x"), new(result))
	w.run()
	w.finish()
}

type chooserFunc func(n int, what string) int

func (f chooserFunc) Choose(n int, what string) int { return f(n, what) }

func TestWrongAnswer(t *testing.T) {
	w := open(t, chooserFunc(func(n int, _ string) int { return n }), sim.WithWeather(sim.Weather{Refuse: 2}))
	l, _ := w.Listen("tcp", "127.0.0.1:0")
	w.Connect(new(platform.Conn), "tcp", l.Addr().String(), new(result))
	if v, _ := recovered(func() { w.Run(t.Context()) }).(string); !strings.Contains(v, "refuse") {
		t.Errorf("Run panics with %q", v)
	}
	w.finish() // the world is not locked for ever
	if recovered(func() { sim.New(nil) }) == nil {
		t.Error("a world without a Chooser")
	}
}
