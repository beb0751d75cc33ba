package secure

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"unsafe"
)

// A tls.Conn keeps the memory of the largest record that it has read, some 17 KB, and
// that of its handshake. Nothing that it exports releases this memory. So this file
// accesses the fields that hold it, if they have the names and types that they had from
// Go 1.12 to 1.26. If not, everything else still works, and an idle connection keeps that
// memory.

// fields are where in a tls.Conn its buffers are, in bytes from its start.
type fields struct {
	raw   uintptr // bytes.Buffer: what was received, from the header of a record on
	input uintptr // bytes.Reader: plaintext that nobody has read yet, lies in raw
	hand  uintptr // bytes.Buffer: messages of the handshake
	known bool
}

var inside = fieldsOf(reflect.TypeFor[tls.Conn]())

func fieldsOf(t reflect.Type) (f fields) {
	find := func(name string, want reflect.Type) uintptr {
		field, ok := t.FieldByName(name)
		if !ok || field.Type != want || len(field.Index) != 1 {
			f.known = false
		}
		return field.Offset
	}
	f.known = true
	f.raw = find("rawInput", reflect.TypeFor[bytes.Buffer]())
	f.input = find("input", reflect.TypeFor[bytes.Reader]())
	f.hand = find("hand", reflect.TypeFor[bytes.Buffer]())
	return f
}

func (f *fields) rawOf(c *tls.Conn) *bytes.Buffer {
	return (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), f.raw))
}

func (f *fields) inputOf(c *tls.Conn) *bytes.Reader {
	return (*bytes.Reader)(unsafe.Add(unsafe.Pointer(c), f.input))
}

func (f *fields) handOf(c *tls.Conn) *bytes.Buffer {
	return (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), f.hand))
}
