package load

import (
	"bufio"
	"io"
	"net"
)

// backEndBuffer is how many bytes a back end reads at once.
const backEndBuffer = 256 << 10

// ServeBackEnd is what a load expects behind a proxy: it answers each message of size bytes with
// the last answer bytes of it. It returns when l is closed.
func ServeBackEnd(l net.Listener, size, answer int) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go answerAll(c, size, answer)
	}
}

// answerAll serves a connection until the client leaves.
func answerAll(c net.Conn, size, answer int) {
	defer c.Close()
	r, end := bufio.NewReaderSize(c, backEndBuffer), make([]byte, answer)
	for {
		if _, err := r.Discard(size - answer); err != nil {
			return
		}
		if _, err := io.ReadFull(r, end); err != nil {
			return
		}
		if _, err := c.Write(end); err != nil {
			return
		}
	}
}
