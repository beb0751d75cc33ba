package ops_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"testing"

	"github.com/heirloom-go/heirloom/ops"
)

// A tape is a stream that has one byte at a time.
type tape struct {
	loop
	text    string
	closed  bool
	dropped []*ops.Operation
}

func (s *tape) StartRead(op *ops.Operation) {
	switch {
	case op.Err != nil:
	case s.closed:
		s.dropped = append(s.dropped, op)
		return
	case len(s.text) == 0:
		op.Err = io.EOF
	default:
		op.N = copy(op.Buf, s.text[:1])
		s.text = s.text[1:]
	}
	op.Arg = nil // as a platform may
	s.Execute(op)
}

// unhex is a layer that decodes hexadecimal digits.
type unhex struct {
	below interface{ StartRead(*ops.Operation) }
	kept  ops.Lowered
	*journal

	two [2]byte
	n   int
}

func (u *unhex) StartRead(op *ops.Operation) {
	if op.Err == nil {
		u.kept.Lower(op, u)
		op.Buf = u.two[u.n:]
	}
	u.below.StartRead(op)
}

func (u *unhex) PartEnded(op *ops.Operation) bool {
	u.n += op.N
	switch {
	case op.Err != nil:
		op.N = 0
		return false
	case u.n < 2:
		op.N, op.Buf = 0, u.two[u.n:]
		u.below.StartRead(op)
		return true
	}
	u.n = 0
	op.N, op.Err = hex.Decode(u.kept.Buf(), u.two[:])
	return false
}

func (u *unhex) PartDropped(*ops.Operation) { u.add("dropped") }

// TestLayer checks that an operation on a layer, and on a layer over that, uses one block,
// which is released before its handler is called, and that what it is composed of goes on.
func TestLayer(t *testing.T) {
	var j journal
	s := &tape{text: hex.EncodeToString([]byte("6869"))}
	inner := &unhex{below: s, journal: &j}
	outer := &unhex{below: inner, journal: &j}
	a := &recorder{name: "a", journal: &j}
	h := ops.WithAllocator[ops.Operation](j.handler(), a)
	b := make([]byte, 2)
	ops.ReadFull(outer, b, h)
	j.check(t, "a allocates 1")
	s.run()
	j.check(t, "a releases", "handler 2 <nil>")
	if string(b) != "hi" {
		t.Errorf("read %q", b)
	}
	ops.Read(outer, b, h)
	s.run()
	j.check(t, "a allocates 1", "a releases", "handler 0 EOF")
}

// TestLayerDropped closes what is below.
func TestLayerDropped(t *testing.T) {
	for name, end := range map[string]func(op *ops.Operation){
		"abandoned": (*ops.Operation).Abandon,
		"refused":   func(op *ops.Operation) { op.Refuse(io.ErrClosedPipe) },
	} {
		t.Run(name, func(t *testing.T) {
			var j journal
			s := &tape{closed: true}
			u := &unhex{below: s, journal: &j}
			a := &recorder{name: "a", journal: &j}
			h := ops.WithAllocator[ops.Operation](j.handler(), a)
			lines := ops.NewBufferedReader(u, make([]byte, 8))
			lines.ReadLine(h)
			mustPanic(t, "lowered already", func() { ops.Read(u, make([]byte, 1), j.handler()) })
			end(s.dropped[0])
			j.check(t, "a allocates 1", "dropped", "a releases")
			ops.ReadFull(u, make([]byte, 2), h)
			end(s.dropped[1])
			j.check(t, "a allocates 1", "dropped", "a releases")
			s.closed, s.text = false, "0a"
			lines.ReadLine(h) // what is above was told too
			s.run()
			j.check(t, "a allocates 1", "a releases", "handler 0 <nil>")
		})
	}
}

// ExampleLayer reads what comes in hexadecimal digits.
func ExampleLayer() {
	s := &tape{text: "48656c6c6f"}
	u := &unhex{below: s}
	b := make([]byte, 5)
	ops.ReadFull(u, b, ops.HandlerFunc(func(n int, err error) {
		fmt.Println(string(b[:n]), err)
	}))
	s.run()
	// Output: Hello <nil>
}
