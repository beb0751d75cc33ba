package http1

import (
	"encoding/binary"
	"math/bits"
)

// A class is what a byte may be part of.
type class uint8

const (
	token  class = 1 << iota // RFC 9110, 5.6.2
	target                   // what a target may have: visible ASCII but "#", which ends none
	name                     // the name of a host, or its IPv4 address
	hex
)

var classes = func() (t [256]class) {
	set := func(c class, bytes string) {
		for i := range len(bytes) {
			t[bytes[i]] |= c
		}
	}
	const digits, letters = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	set(token, digits+letters+"!#$%&'*+-.^_`|~")
	set(name, digits+letters+"-._~%")
	set(hex, digits+"abcdefABCDEF")
	for b := byte('!'); b <= '~'; b++ {
		if b != '#' {
			t[b] |= target
		}
	}
	return t
}()

func (c class) has(b byte) bool { return classes[b]&c != 0 }

// all reports whether b is not empty and of nothing but the class.
func (c class) all(b []byte) bool {
	for _, x := range b {
		if !c.has(x) {
			return false
		}
	}
	return len(b) > 0
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// control returns the index, from i on, of the first byte that is a control character
// other than a tab, or len(b). It looks at eight bytes at once: the high bit of a byte that
// had none is set in x-0x20 if the byte is below, and in x+1 if it is DEL. What is borrowed
// or carried from the byte before only sets it where there is none, which is looked at.
func control(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		found := ((x - 0x20*ones) | (x + ones)) &^ x & highs
		for found != 0 {
			at := i + bits.TrailingZeros64(found)/8
			if isControl(b[at]) {
				return at
			}
			found &= found - 1
		}
	}
	for ; i < len(b); i++ {
		if isControl(b[i]) {
			return i
		}
	}
	return i
}

func isControl(b byte) bool { return b < ' ' && b != '\t' || b == 0x7f }

func isSpace(b byte) bool { return b == ' ' || b == '\t' }

// fold reports whether b is the lower-case ASCII string, whatever its own case is.
func fold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := range len(lower) {
		x := b[i]
		if 'A' <= x && x <= 'Z' {
			x |= 0x20
		}
		if x != lower[i] {
			return false
		}
	}
	return true
}

// trim removes spaces and tabs from both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}
