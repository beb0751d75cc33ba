package secure

import (
	"bytes"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// recordSize is the length in bytes of the memory that a record is read into: the
// longest of TLS 1.3, and of TLS 1.2 with its usual ciphers, is 16,645 bytes, and
// crypto/tls wants to have 512 more. It is a size class of the Go heap.
const recordSize = 18 << 10

// maxPlain is how many bytes a write encrypts at a time, which is the most that a record
// can hold. With what [sealed] adds for its records they take no more than recordSize.
const maxPlain = 16 << 10

// sealed returns how many bytes n bytes take when they are encrypted. A connection
// begins with records of about 1.1 KB, as long as a TCP segment, and no cipher adds more
// than 85 bytes to one.
func sealed(n int) int { return n + 96*(1+n/1100) }

// shared has the records of connections that bring no memory. The garbage collector frees
// what is not used.
var shared allocator.Allocator[byte] = combinators.NewPool[byte](allocator.Heap[byte]{})

// inputMemory has the records that crypto/tls has not decrypted yet, and what it has
// decrypted and nobody has read.
type inputMemory struct {
	block []byte // empty if there is nothing, or it is crypto/tls's own
	from  allocator.Allocator[byte]
}

// holdInput makes room for a whole record, so that what is received next follows what is
// already there. The caller holds the lock, and crypto/tls has decrypted nothing that was
// not read.
func (c *Conn) holdInput() error {
	m, raw := &c.in.memory, inside.rawOf(c.tls)
	b := raw.Bytes()
	switch {
	case cap(m.block) == 0:
		block, err := c.records.Allocate(recordSize)
		if err != nil {
			return exhausted(err)
		}
		m.block, m.from = block[:cap(block)], c.records
	case len(b) == 0 || &b[0] == &m.block[0]:
		return nil
	}
	if len(b) < cap(m.block) {
		*raw = *bytes.NewBuffer(m.block[:copy(m.block, b)])
	}
	return nil
}

// settleInput releases memory that is not used any more. The last time in an operation,
// it moves what is left out of the program's memory. The caller holds the lock.
func (c *Conn) settleInput(last bool) {
	if !inside.known {
		return
	}
	m, raw, input := &c.in.memory, inside.rawOf(c.tls), inside.inputOf(c.tls)
	switch {
	case raw.Len() == 0 && input.Len() == 0:
		c.dropInput()
	case last && cap(m.block) > 0 && m.from != shared:
		c.moveInput()
	}
}

// moveInput moves what is left to memory of the package.
func (c *Conn) moveInput() {
	m, raw, input := &c.in.memory, inside.rawOf(c.tls), inside.inputOf(c.tls)
	old := *m
	block, err := shared.Allocate(max(recordSize, raw.Len()+input.Len()))
	if err != nil {
		panic(err) // the Go heap has no such error
	}
	block = block[:cap(block)]
	*m = inputMemory{block, shared}
	n, _ := input.Read(block)
	input.Reset(block[:n])
	k := copy(block[n:], raw.Bytes())
	*raw = *bytes.NewBuffer(block[n : n+k])
	old.from.Deallocate(old.block)
}

// dropInput releases the memory, with what is in it.
func (c *Conn) dropInput() {
	if !inside.known {
		return
	}
	m := c.in.memory
	*inside.rawOf(c.tls) = bytes.Buffer{}
	if hand := inside.handOf(c.tls); hand.Len() == 0 {
		*hand = bytes.Buffer{} // of the handshake, or of a ticket
	}
	inside.inputOf(c.tls).Reset(nil)
	c.in.memory = inputMemory{}
	if cap(m.block) > 0 {
		m.from.Deallocate(m.block)
	}
}
