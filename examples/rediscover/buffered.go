package rediscover

import (
	"net"
	"sync"
)

// A Buffered is a connection of which no write waits: another goroutine writes for it. It is
// for a library that writes with a mutex held, as in a bubble no time passes while others
// wait for that. When a write fails the connection is closed, and Close drops what has not
// been written: what a program sees of a kernel with large buffers is the same.
type Buffered struct {
	net.Conn

	mu     sync.Mutex
	queue  []byte
	err    error
	filled chan struct{} // has room for one
	closed chan struct{}
	close  sync.Once
}

// NewBuffered returns a connection that writes to c. Nothing else may.
func NewBuffered(c net.Conn) *Buffered {
	b := &Buffered{Conn: c, filled: make(chan struct{}, 1), closed: make(chan struct{})}
	go b.write()
	return b
}

func (b *Buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	b.queue = append(b.queue, p...)
	select {
	case b.filled <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (b *Buffered) write() {
	for {
		select {
		case <-b.filled:
		case <-b.closed:
			return
		}
		b.mu.Lock()
		p := b.queue
		b.queue = nil
		b.mu.Unlock()
		if _, err := b.Conn.Write(p); err != nil {
			b.mu.Lock()
			b.err = err
			b.mu.Unlock()
			b.Conn.Close() // so that who reads learns that something is lost
			return
		}
	}
}

// Close closes the connection.
func (b *Buffered) Close() error {
	b.close.Do(func() { close(b.closed) })
	return b.Conn.Close()
}
