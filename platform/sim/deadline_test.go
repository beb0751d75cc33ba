package sim_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
	"github.com/heirloom-go/heirloom/platform/sim"
)

// TestDeadlineModel moves the deadlines of many connections at random while reads are
// outstanding on them. In virtual time each read ends at the deadline that it has last
// got, and not a moment before.
func TestDeadlineModel(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			draw := rand.New(rand.NewPCG(seed, 1))
			w := open(t, sim.Seeded(seed))
			type reader struct {
				conn *platform.Conn
				want time.Time // zero: never
				done bool
			}
			readers := make([]*reader, 20)
			for i := range readers {
				r := new(reader)
				readers[i] = r
				r.conn, _, _ = w.pair("tcp", "127.0.0.1:0")
				r.conn.Read(make([]byte, 1), ops.HandlerFunc(func(n int, err error) {
					late := w.Now().Sub(r.want)
					if r.done || n != 0 || err != os.ErrDeadlineExceeded || r.want.IsZero() || late < 0 || late > 10*time.Microsecond {
						t.Errorf("reader %d is told %d, %v, %v after its deadline", i, n, err, late)
					}
					r.done = true
				}))
			}
			moves, steps := 300, 0
			timer := w.NewTimer()
			var move ops.HandlerFunc
			move = func(int, error) {
				if r := readers[draw.IntN(len(readers))]; r.want.IsZero() || w.Now().Before(r.want) {
					switch moves--; {
					case draw.IntN(4) == 0 && moves > 0:
						r.want = time.Time{}
					default:
						r.want = w.Now().Add(time.Duration(draw.IntN(5000)+1) * time.Microsecond)
					}
					if err := r.conn.SetDeadline(r.want); err != nil {
						t.Error(err)
					}
				}
				if steps++; moves > 0 && steps < 10_000 {
					timer.Wait(time.Duration(draw.IntN(100))*time.Microsecond, move)
					return
				}
				for _, r := range readers { // let all end
					if r.want.IsZero() {
						r.want = w.Now().Add(time.Millisecond)
						r.conn.SetReadDeadline(r.want)
					}
				}
			}
			timer.Wait(0, move)
			w.run()
			for i, r := range readers {
				if !r.done {
					t.Errorf("reader %d was not told", i)
				}
			}
		})
	}
}

// TestDeadlinePassed has what is past in the world, and what is past outside.
func TestDeadlinePassed(t *testing.T) {
	w := open(t, sim.Seeded(1))
	a, _, _ := w.pair("tcp", "127.0.0.1:0")
	for _, at := range []time.Time{w.Now(), time.Unix(1, 0), time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)} {
		var r result
		a.SetReadDeadline(at)
		a.Read(make([]byte, 1), &r)
		w.await(&r)
		if r.err != os.ErrDeadlineExceeded {
			t.Errorf("%v: %v", at, r.err)
		}
	}
}
