package ops_test

import (
	"errors"
	"io"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// script is a stream that answers each part as it is written down.
type script struct {
	loop
	alloc allocator.Allocator[ops.Operation]
	parts []part
	got   [][]byte // what each part was given, to read into or to write
	text  string   // what there is to read
	wrote []byte
}

type part struct {
	n   int
	err error
}

func (s *script) Allocator() allocator.Allocator[ops.Operation] { return s.alloc }

func (s *script) next(op *ops.Operation) {
	if op.Err == nil {
		s.got = append(s.got, op.Buf)
		op.N, op.Err = s.parts[0].n, s.parts[0].err
		s.parts = s.parts[1:]
	}
	s.Execute(op)
}

func (s *script) StartRead(op *ops.Operation) {
	s.next(op)
	s.text = s.text[copy(op.Buf[:op.N], s.text):]
}

func (s *script) StartWrite(op *ops.Operation) {
	s.next(op)
	s.wrote = append(s.wrote, op.Buf[:op.N]...)
}

var errMid = errors.New("mid-way")

// TestTransferFull reads and writes 8 bytes in all the ways that they can come.
func TestTransferFull(t *testing.T) {
	cases := []struct {
		name            string
		parts           []part
		n               int
		readErr, wrtErr error
	}{
		{"at once", []part{{8, nil}}, 8, nil, nil},
		{"one byte and the end", []part{{1, nil}, {0, io.EOF}}, 1, io.ErrUnexpectedEOF, io.EOF},
		{"no progress at the last byte", []part{{7, nil}, {0, nil}}, 7, io.ErrNoProgress, io.ErrNoProgress},
		{"in parts", []part{{1, nil}, {5, nil}, {2, nil}}, 8, nil, nil},
		{"nothing and the end", []part{{0, io.EOF}}, 0, io.EOF, io.EOF},
		{"some and then the end", []part{{3, nil}, {0, io.EOF}}, 3, io.ErrUnexpectedEOF, io.EOF},
		{"some with the end", []part{{3, io.EOF}}, 3, io.ErrUnexpectedEOF, io.EOF},
		{"all with the end", []part{{4, nil}, {4, io.EOF}}, 8, nil, nil},
		{"an error first", []part{{0, errMid}}, 0, errMid, errMid},
		{"an error mid-way", []part{{3, nil}, {0, errMid}}, 3, errMid, errMid},
		{"an error with some", []part{{3, errMid}}, 3, errMid, errMid},
		{"an error with the last byte", []part{{8, errMid}}, 8, nil, nil},
		{"no progress", []part{{3, nil}, {0, nil}}, 3, io.ErrNoProgress, io.ErrNoProgress},
		{"cancelled", []part{{3, nil}, {0, ops.ErrCanceled}}, 3, ops.ErrCanceled, ops.ErrCanceled},
	}
	for _, c := range cases {
		for _, reads := range []bool{true, false} {
			name, want := c.name+"/write", c.wrtErr
			if reads {
				name, want = c.name+"/read", c.readErr
			}
			t.Run(name, func(t *testing.T) {
				var j journal
				s := &script{alloc: &recorder{name: "a", journal: &j}, parts: c.parts, text: "12345678"}
				buf := []byte("abcdefgh")
				if reads {
					ops.ReadFull(s, buf, j.handler())
				} else {
					ops.WriteFull(s, buf, j.handler())
				}
				j.check(t, "a allocates 1") // and no handler inline
				s.run()
				if len(s.parts) != 0 {
					t.Errorf("%d parts were not asked for", len(s.parts))
				}
				end := &journal{}
				end.add("handler %d %v", c.n, want)
				j.check(t, "a releases", (*end)[0]) // one block for all parts
				at := 0
				for i, got := range s.got {
					if len(got) != 8-at || len(got) > 0 && &got[0] != &buf[at] {
						t.Errorf("part %d was given %d bytes, want those from %d on", i, len(got), at)
					}
					at += c.parts[i].n
				}
				if reads && string(buf) != "12345678"[:c.n]+"abcdefgh"[c.n:] {
					t.Errorf("the buffer is %q", buf)
				}
				if !reads && string(s.wrote) != "abcdefgh"[:c.n] {
					t.Errorf("%q was written", s.wrote)
				}
			})
		}
	}
}

// TestTransferEmpty moves nothing, which needs a part like everything else, so
// that it is in order with what else is outstanding.
func TestTransferEmpty(t *testing.T) {
	var j journal
	s := &script{parts: []part{{0, nil}, {0, nil}}}
	ops.ReadFull(s, nil, j.handler())
	ops.WriteFull(s, nil, j.handler())
	s.run()
	j.check(t, "handler 0 <nil>", "handler 0 <nil>")
}

// TestTransferOnce is about Read and Write, which take what comes.
func TestTransferOnce(t *testing.T) {
	var j journal
	s := &script{alloc: &recorder{name: "a", journal: &j}, parts: []part{{2, nil}, {3, nil}, {1, io.EOF}}, text: "xyz"}
	buf := make([]byte, 8)
	ops.Read(s, buf, j.handler())
	s.run()
	j.check(t, "a allocates 1", "a releases", "handler 2 <nil>")
	ops.Write(s, []byte("abcd"), j.handler())
	s.run()
	j.check(t, "a allocates 1", "a releases", "handler 3 <nil>")
	ops.Read(s, buf, j.handler())
	s.run()
	j.check(t, "a allocates 1", "a releases", "handler 1 EOF")
	if string(buf[:1]) != "z" || string(s.wrote) != "abc" {
		t.Errorf("read %q, wrote %q", buf, s.wrote)
	}
}

// TestTransferExhausted starts transfers without memory: the stream is not
// touched.
func TestTransferExhausted(t *testing.T) {
	var j journal
	h := ops.WithAllocator(j.handler(), allocator.Null[ops.Operation]{})
	s := &script{}
	ops.Read(s, make([]byte, 1), h)
	ops.Write(s, make([]byte, 1), h)
	ops.ReadFull(s, make([]byte, 1), h)
	ops.WriteFull(s, make([]byte, 1), h)
	j.check(t)
	s.run()
	const told = "handler 0 allocator: exhausted"
	j.check(t, told, told, told, told)
}

// TestDefaultOfStream checks whose allocator serves a handler that has none.
func TestDefaultOfStream(t *testing.T) {
	var j journal
	own, streams := &recorder{name: "own", journal: &j}, &recorder{name: "stream's", journal: &j}
	s := &script{alloc: streams, parts: []part{{1, nil}, {1, nil}, {1, nil}}}
	ops.Read(s, make([]byte, 1), j.handler())
	s.run()
	j.check(t, "stream's allocates 1", "stream's releases", "handler 1 <nil>")
	ops.Read(s, make([]byte, 1), ops.WithAllocator(j.handler(), own))
	s.run()
	j.check(t, "own allocates 1", "own releases", "handler 1 <nil>")
	ops.Write(bare{s}, make([]byte, 1), j.handler()) // no default: the Go heap
	s.run()
	j.check(t, "handler 1 <nil>")
}

// bare is a stream that has no default allocator.
type bare struct{ s *script }

func (b bare) StartWrite(op *ops.Operation) { b.s.StartWrite(op) }

// TestReleasedFirst runs a chain: the block of each operation is free before
// the handler starts the next.
func TestReleasedFirst(t *testing.T) {
	var j journal
	a := &recorder{name: "a", journal: &j}
	s := &script{parts: []part{{1, nil}, {1, nil}, {2, nil}, {2, nil}}, text: "ok!!"}
	buf := make([]byte, 2)
	var h ops.Handler
	left := 3
	h = ops.WithAllocator(ops.HandlerFunc(func(n int, err error) {
		j.add("handler %d %v", n, err)
		if left--; left > 0 {
			ops.ReadFull(s, buf, h)
		}
	}), a)
	ops.ReadFull(s, buf, h)
	s.run()
	j.check(t,
		"a allocates 1", "a releases", "handler 2 <nil>",
		"a allocates 1", "a releases", "handler 2 <nil>",
		"a allocates 1", "a releases", "handler 2 <nil>")
}
