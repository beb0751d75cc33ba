package secure

// WithoutInside has crypto/tls keep its memory, as if its fields had other names, until
// the result is called.
func WithoutInside() (restore func()) {
	was := inside
	inside.known = false
	return func() { inside = was }
}

// Shaking reports whether the handshake has begun and is not over.
func (c *Conn) Shaking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == shaking
}

// BufferedInput returns how many bytes are kept that crypto/tls has not decrypted.
func (c *Conn) BufferedInput() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return inside.rawOf(c.tls).Len()
}

// HasInside reports whether crypto/tls has the fields that hold its memory.
func HasInside() bool { return inside.known }

// InputMemory returns how many bytes are kept for input.
func (c *Conn) InputMemory() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cap(c.in.memory.block) + inside.rawOf(c.tls).Cap() + inside.handOf(c.tls).Cap()
}

// Answering reports whether an operation that reads has an answer to send.
func (c *Conn) Answering() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in.answers
}
