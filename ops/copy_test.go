package ops_test

import (
	"io"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
	"github.com/heirloom-go/heirloom/ops"
)

func TestCopy(t *testing.T) {
	cases := []struct {
		name          string
		reads, writes []part
		n             int
		err           error
	}{
		{"nothing", []part{{0, io.EOF}}, nil, 0, nil},
		{"one block", []part{{4, nil}, {0, io.EOF}}, []part{{4, nil}}, 4, nil},
		{"blocks", []part{{4, nil}, {1, nil}, {3, nil}, {0, io.EOF}}, []part{{4, nil}, {1, nil}, {3, nil}}, 8, nil},
		{"blocks in parts", []part{{4, nil}, {3, nil}, {0, io.EOF}}, []part{{1, nil}, {3, nil}, {2, nil}, {1, nil}}, 7, nil},
		{"the end with the last block", []part{{4, nil}, {2, io.EOF}}, []part{{4, nil}, {2, nil}}, 6, nil},
		{"a read fails", []part{{4, nil}, {0, errMid}}, []part{{4, nil}}, 4, errMid},
		{"a read fails with some", []part{{4, nil}, {2, errMid}}, []part{{4, nil}, {2, nil}}, 6, errMid},
		{"a write fails", []part{{4, nil}, {4, nil}}, []part{{4, nil}, {0, errMid}}, 4, errMid},
		{"a write fails with some", []part{{4, nil}, {4, io.EOF}}, []part{{4, nil}, {3, errMid}}, 7, errMid},
		{"a write says EOF", []part{{4, io.EOF}}, []part{{2, io.EOF}}, 2, io.EOF},
		{"a write fails with the last", []part{{4, io.EOF}}, []part{{4, errMid}}, 4, nil},
		{"a read makes no progress", []part{{4, nil}, {0, nil}}, []part{{4, nil}}, 4, io.ErrNoProgress},
		{"a write makes no progress", []part{{4, nil}}, []part{{3, nil}, {0, nil}}, 3, io.ErrNoProgress},
		{"cancelled while it reads", []part{{4, nil}, {0, ops.ErrCanceled}}, []part{{4, nil}}, 4, ops.ErrCanceled},
	}
	for _, c := range cases {
		for _, given := range []bool{true, false} {
			t.Run(c.name, func(t *testing.T) {
				var j journal
				var copier ops.Copier
				src := &script{alloc: &recorder{name: "a", journal: &j}, parts: c.reads, text: "12345678"}
				dst := &script{parts: c.writes}
				bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
				h := ops.WithAllocator[byte](ops.HandlerFunc(func(n int, err error) {
					j.add("handler %d %v", n, err)
					if live := bytes.Counts().Live; live != 0 {
						t.Errorf("%d bytes alive in the handler", live)
					}
				}), bytes)
				var buf []byte
				if given {
					buf = make([]byte, 4)
				}
				copier.Copy(dst, src, buf, h)
				j.check(t, "a allocates 1")
				for len(src.ready)+len(dst.ready) > 0 {
					src.run()
					dst.run()
				}
				end := &journal{}
				end.add("handler %d %v", c.n, c.err)
				j.check(t, "a releases", (*end)[0])
				if string(dst.wrote) != "12345678"[:c.n] || copier.Copied() != int64(c.n) {
					t.Errorf("%q was written, and Copied is %d", dst.wrote, copier.Copied())
				}
				if len(src.parts)+len(dst.parts) != 0 {
					t.Errorf("%d reads and %d writes were not asked for", len(src.parts), len(dst.parts))
				}
				if total := bytes.Counts().Total; given != (total == 0) {
					t.Errorf("%d blocks of bytes were allocated", total)
				}
			})
		}
	}
}

// A stream that says no more than that it has failed has written nothing.
func TestCopyWriteFailsBetween(t *testing.T) {
	var j journal
	var copier ops.Copier
	src := &script{parts: []part{{4, nil}}, text: "1234"}
	dst := &failingLater{script{parts: []part{{3, nil}}}}
	copier.Copy(dst, src, make([]byte, 4), j.handler())
	src.run()
	dst.run()
	j.check(t, "handler 3 mid-way")
}

// failingLater fails when its script is over, as a platform does with what was cancelled.
type failingLater struct{ script }

func (s *failingLater) StartRead(op *ops.Operation) {
	if len(s.parts) == 0 {
		op.Err = errMid
		s.Execute(op)
		return
	}
	s.script.StartRead(op)
}

func (s *failingLater) StartWrite(op *ops.Operation) {
	if len(s.parts) == 0 {
		op.Err = errMid
		s.Execute(op)
		return
	}
	s.script.StartWrite(op)
}

// The end of the source is that of the destination only where that was asked for: a Copy
// leaves it open.
func TestCopyLeavesOpen(t *testing.T) {
	var j journal
	src, dst := &scene{script: script{parts: []part{{0, io.EOF}}}}, new(scene)
	new(ops.Copier).Copy(dst, src, nil, j.handler())
	runScenes(src, dst)
	j.check(t, "handler 0 <nil>")
	if dst.ended != 0 {
		t.Errorf("CloseWrite was called %d times", dst.ended)
	}
}

func TestCopyExhausted(t *testing.T) {
	for name, bind := range map[string]func(ops.Handler) ops.Handler{
		"operation": func(h ops.Handler) ops.Handler {
			return ops.WithAllocator(h, allocator.Null[ops.Operation]{})
		},
		"buffer": func(h ops.Handler) ops.Handler { return ops.WithAllocator(h, allocator.Null[byte]{}) },
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			var copier ops.Copier
			src, dst := &script{}, &script{}
			copier.Copy(dst, src, nil, bind(j.handler()))
			j.check(t)
			src.run()
			j.check(t, "handler 0 allocator: exhausted")
			src.parts = []part{{0, io.EOF}}
			copier.Copy(dst, src, nil, j.handler())
			src.run()
			j.check(t, "handler 0 <nil>")
		})
	}
}

func TestCopyAbandoned(t *testing.T) {
	var copier ops.Copier
	src := &script{parts: []part{{1, nil}, {1, nil}}, text: "ab"}
	bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
	abandoned := 0
	copier.Copy(src, src, nil, ops.WithAllocator[byte](&abandonable{t, &abandoned}, bytes))
	mustPanic(t, "outstanding already", func() { copier.Copy(src, src, nil, &abandonable{t, &abandoned}) })
	src.ready[0].Abandon()
	if abandoned != 1 || bytes.Counts().Live != 0 {
		t.Errorf("abandoned %d times, %d bytes alive", abandoned, bytes.Counts().Live)
	}
	mustPanic(t, "nil stream", func() { copier.Copy(nil, src, nil, &abandonable{t, &abandoned}) })
	mustPanic(t, "nil Handler", func() { copier.Copy(src, src, nil, nil) })
}

// scene is a stream with an end, which notes when it is closed in one direction.
type scene struct {
	script
	ended    int
	closeErr error
}

func (s *scene) CloseWrite() error {
	s.ended++
	return s.closeErr
}

func runScenes(all ...*scene) {
	for again := true; again; {
		again = false
		for _, s := range all {
			again = again || len(s.ready) > 0
			s.run()
		}
	}
}

func TestPipe(t *testing.T) {
	end := part{0, io.EOF}
	cases := []struct {
		name           string
		a, b           []part // as they come, reads and writes of a stream
		err            error
		ab, ba         int64
		endedA, endedB int
	}{
		{"nothing", []part{end}, []part{end}, nil, 0, 0, 1, 1},
		{"one way", []part{{4, nil}, end}, []part{end, {4, nil}}, nil, 4, 0, 1, 1},
		{"both ways", []part{{4, nil}, {2, nil}, end}, []part{{2, nil}, {4, nil}, end}, nil, 4, 2, 1, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var j journal
			var pipe ops.Pipe
			a := &scene{script: script{parts: c.a, text: "abcdefgh"}}
			b := &scene{script: script{parts: c.b, text: "ABCDEFGH"}}
			bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
			pipe.Start(a, b, nil, ops.WithAllocator[byte](j.handler(), bytes))
			j.check(t)
			runScenes(a, b)
			want := &journal{}
			want.add("handler 0 %v", c.err)
			j.check(t, (*want)[0])
			if ab, ba := pipe.Copied(); ab != c.ab || ba != c.ba {
				t.Errorf("copied %d and %d", ab, ba)
			}
			if a.ended != c.endedA || b.ended != c.endedB {
				t.Errorf("CloseWrite was called %d and %d times", a.ended, b.ended)
			}
			if bytes.Counts().Live != 0 || bytes.Counts().Total != 1 {
				t.Errorf("%d blocks of bytes alive, of %d", bytes.Counts().Live, bytes.Counts().Total)
			}
		})
	}
	t.Run("CloseWrite fails", func(t *testing.T) {
		var j journal
		a := &scene{script: script{parts: []part{end}}}
		b := &scene{script: script{parts: []part{end}}, closeErr: errMid}
		new(ops.Pipe).Start(a, b, make([]byte, 2), j.handler())
		runScenes(a, b)
		j.check(t, "handler 0 mid-way")
	})
}

func TestPipeExhausted(t *testing.T) {
	var j journal
	var pipe ops.Pipe
	a, b := &scene{}, &scene{}
	h := ops.WithAllocator(j.handler(), allocator.Null[byte]{})
	pipe.Start(a, b, nil, ops.WithAllocator(h, allocator.Null[ops.Operation]{}))
	j.check(t)
	runScenes(a, b)
	j.check(t, "handler 0 allocator: exhausted")
	if a.ended+b.ended != 0 {
		t.Error("CloseWrite was called")
	}
	if ab, ba := pipe.Copied(); ab != 0 || ba != 0 {
		t.Errorf("copied %d and %d bytes", ab, ba)
	}
	// Without a need for bytes there is nothing that could fail.
	a.parts, b.parts = []part{{0, io.EOF}}, []part{{0, io.EOF}}
	pipe.Start(a, b, make([]byte, 2), ops.WithAllocator(j.handler(), allocator.Null[ops.Operation]{}))
	runScenes(a, b)
	j.check(t, "handler 0 <nil>")
}

// A pipe that is given no buffer takes one, half for each direction.
func TestPipeTakesABuffer(t *testing.T) {
	var j journal
	var pipe ops.Pipe
	a, b := &scene{}, &scene{}
	a.parts, b.parts = []part{{0, io.EOF}}, []part{{0, io.EOF}}
	pipe.Start(a, b, nil, j.handler())
	runScenes(a, b)
	j.check(t, "handler 0 <nil>")
	for name, s := range map[string]*scene{"a": a, "b": b} {
		if n := len(s.got[0]); n != 32<<10 {
			t.Errorf("%s reads into %d bytes, want 32 KiB", name, n)
		}
	}
}

// A pipe that could not start has copied nothing, whatever it copied before.
func TestPipeExhaustedAgain(t *testing.T) {
	var j journal
	var pipe ops.Pipe
	end := part{0, io.EOF}
	a := &scene{script: script{text: "abc", parts: []part{{3, nil}, {2, nil}, end}}}
	b := &scene{script: script{text: "de", parts: []part{{2, nil}, {3, nil}, end}}}
	pipe.Start(a, b, make([]byte, 8), j.handler())
	runScenes(a, b)
	j.check(t, "handler 0 <nil>")
	if ab, ba := pipe.Copied(); ab != 3 || ba != 2 {
		t.Errorf("copied %d and %d bytes, want 3 and 2", ab, ba)
	}
	pipe.Start(a, b, nil, ops.WithAllocator(j.handler(), allocator.Null[byte]{}))
	runScenes(a, b)
	j.check(t, "handler 0 allocator: exhausted")
	if ab, ba := pipe.Copied(); ab != 0 || ba != 0 {
		t.Errorf("copied %d and %d bytes without a buffer", ab, ba)
	}
}

func TestPipeMisuse(t *testing.T) {
	var pipe ops.Pipe
	var j journal
	a := &scene{script: script{parts: []part{{0, io.EOF}, {0, io.EOF}}}}
	mustPanic(t, "nil Stream", func() { pipe.Start(nil, a, nil, j.handler()) })
	mustPanic(t, "one byte", func() { pipe.Start(a, a, make([]byte, 1), j.handler()) })
	mustPanic(t, "nil Handler", func() { pipe.Start(a, a, nil, nil) })
	pipe.Start(a, a, nil, j.handler())
	mustPanic(t, "outstanding already", func() { pipe.Start(a, a, nil, j.handler()) })
	runScenes(a)
	j.check(t, "handler 0 <nil>")
}

func TestPipeAbandoned(t *testing.T) {
	var pipe ops.Pipe
	abandoned := 0
	bytes := combinators.NewStats[byte](allocator.Heap[byte]{})
	a, b := &scene{script: script{parts: []part{{0, io.EOF}}}}, &scene{script: script{parts: []part{{0, io.EOF}}}}
	pipe.Start(a, b, nil, ops.WithAllocator[byte](&abandonable{t, &abandoned}, bytes))
	a.ready[0].Complete()
	if abandoned != 0 {
		t.Error("abandoned before the second direction was")
	}
	b.ready[0].Abandon()
	if abandoned != 1 || bytes.Counts().Live != 0 {
		t.Errorf("abandoned %d times, %d bytes alive", abandoned, bytes.Counts().Live)
	}
}
