package ops_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// gather is a script that takes several buffers in one part.
type gather struct {
	script
	list [][]byte // of the last part
}

func (g *gather) StartWriteVectored(op *ops.Operation, bufs [][]byte) {
	g.list = bufs
	if op.Err == nil {
		op.N, op.Err = g.parts[0].n, g.parts[0].err
		g.parts = g.parts[1:]
		g.wrote = append(g.wrote, bytes.Join(bufs, nil)[:op.N]...)
	}
	g.Execute(op)
}

func buffers(s string) (bufs [][]byte) {
	for part := range strings.SplitSeq(s, "|") {
		bufs = append(bufs, []byte(part))
	}
	return bufs
}

func TestWriteVectoredFull(t *testing.T) {
	const all = "ab||cdef|g||h|"
	cases := []struct {
		name  string
		parts []part
		n     int
		err   error
	}{
		{"at once", []part{{8, nil}}, 8, nil},
		{"in parts", []part{{1, nil}, {2, nil}, {2, nil}, {3, nil}}, 8, nil},
		{"byte by byte", []part{{1, nil}, {1, nil}, {1, nil}, {1, nil}, {1, nil}, {1, nil}, {1, nil}, {1, nil}}, 8, nil},
		{"an error first", []part{{0, errMid}}, 0, errMid},
		{"an error in the midst of a buffer", []part{{4, nil}, {1, errMid}}, 5, errMid},
		{"an error between buffers", []part{{2, nil}, {0, errMid}}, 2, errMid},
		{"an error with the last byte", []part{{3, nil}, {5, errMid}}, 8, nil},
		{"an error with the last byte alone", []part{{7, nil}, {1, errMid}}, 8, nil},
		{"no progress", []part{{3, nil}, {0, nil}}, 3, io.ErrNoProgress},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			g := &gather{script: script{alloc: &recorder{name: "a", journal: &j}, parts: c.parts}}
			bufs := buffers(all)
			ops.WriteVectoredFull(g, bufs, j.handler())
			j.check(t, "a allocates 1")
			g.run()
			end := &journal{}
			end.add("handler %d %v", c.n, c.err)
			j.check(t, "a releases", (*end)[0])
			if string(g.wrote) != "abcdefgh"[:c.n] || len(g.parts) != 0 {
				t.Errorf("wrote %q, and %d parts were not asked for", g.wrote, len(g.parts))
			}
			if got := string(bytes.Join(bufs, []byte("|"))); got != all {
				t.Errorf("the list is %q now, want %q", got, all)
			}
		})
	}
}

// A stream that says no more than that it has failed has written nothing.
func TestWriteVectoredFullFailsBetween(t *testing.T) {
	var j journal
	g := &gatherLater{gather{script: script{parts: []part{{3, nil}}}}}
	ops.WriteVectoredFull(g, buffers("ab|cdef"), j.handler())
	g.run()
	j.check(t, "handler 3 mid-way")
}

// gatherLater fails when its script is over.
type gatherLater struct{ gather }

func (g *gatherLater) StartWriteVectored(op *ops.Operation, bufs [][]byte) {
	if len(g.parts) == 0 {
		op.Err = errMid
		g.Execute(op)
		return
	}
	g.gather.StartWriteVectored(op, bufs)
}

// A list without bytes may fail like any other.
func TestWriteVectoredFullOfNothingFails(t *testing.T) {
	var j journal
	g := &gather{script: script{parts: []part{{0, errMid}}}}
	ops.WriteVectoredFull(g, [][]byte{nil}, j.handler())
	g.run()
	j.check(t, "handler 0 mid-way")
}

func TestWriteVectoredFullOfNothing(t *testing.T) {
	for _, bufs := range [][][]byte{nil, {}, {nil}, {nil, {}}} {
		var j journal
		g := &gather{script: script{parts: []part{{0, nil}}}}
		ops.WriteVectoredFull(g, bufs, j.handler())
		g.run()
		j.check(t, "handler 0 <nil>")
	}
}

func TestWriteVectoredFullExhausted(t *testing.T) {
	var j journal
	g := &gather{}
	ops.WriteVectoredFull(g, buffers("a|b"), ops.WithAllocator(j.handler(), allocator.Null[ops.Operation]{}))
	j.check(t)
	g.run()
	j.check(t, "handler 0 allocator: exhausted")
}

func TestWriteVectoredFullAtRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var bufs [][]byte
		total := 0
		for range r.IntN(8) {
			b := make([]byte, r.IntN(6))
			for i := range b {
				b[i] = byte(total + i)
			}
			total += len(b)
			bufs = append(bufs, b)
		}
		before := string(bytes.Join(bufs, []byte{255}))
		g := &gather{}
		for left := total; ; {
			n := min(left, 1+r.IntN(7))
			g.parts = append(g.parts, part{n, nil})
			if left -= n; left == 0 {
				break
			}
		}
		var j journal
		ops.WriteVectoredFull(g, bufs, j.handler())
		g.run()
		want := &journal{}
		want.add("handler %d %v", total, nil)
		j.check(t, (*want)[0])
		for i, c := range g.wrote {
			if int(c) != i {
				t.Fatalf("wrote %v", g.wrote)
			}
		}
		if string(bytes.Join(bufs, []byte{255})) != before {
			t.Fatal("the list has changed")
		}
	}
}
