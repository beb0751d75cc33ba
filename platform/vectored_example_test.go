package platform_test

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/heirloom-go/heirloom/ops"
	"github.com/heirloom-go/heirloom/platform"
)

// A header and a body in separate buffers are sent in one operation, without
// being copied together.
func ExampleConn_WriteVectored() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)
	var server, client platform.Conn
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		l.Close()
		message := make([]byte, 9)
		ops.ReadFull(&server, message, ops.HandlerFunc(func(_ int, err error) {
			fatal(err)
			fmt.Printf("%d bytes: %s\n", binary.BigEndian.Uint32(message), message[4:])
		}))
	}))
	p.Connect(&client, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		body := []byte("hello")
		header := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		client.WriteVectored([][]byte{header, body}, ops.HandlerFunc(func(n int, err error) {
			fatal(err)
			fmt.Println(n, "bytes sent")
			client.CloseWrite()
		}))
	}))
	fatal(p.Run(context.Background()))
	// Unordered output:
	// 9 bytes sent
	// 5 bytes: hello
}

// The free space of a ring buffer is in two pieces; one read fills both.
func ExampleConn_ReadVectored() {
	p, err := platform.New()
	fatal(err)
	defer p.Close()
	l, err := p.Listen("tcp", "127.0.0.1:0")
	fatal(err)

	ring, start, used := make([]byte, 8), 5, 0
	room := func() [][]byte {
		if end := start + used; end < len(ring) {
			return [][]byte{ring[end:], ring[:start]}
		}
		return [][]byte{ring[start+used-len(ring) : start]}
	}
	var server, client platform.Conn
	var onRead ops.HandlerFunc
	onRead = func(n int, err error) {
		fatal(err)
		if used += n; used < len("around") { // it may have come, or been read, in parts
			server.ReadVectored(room(), onRead)
			return
		}
		fmt.Printf("%q\n", ring)
	}
	l.Accept(&server, ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		l.Close()
		server.ReadVectored(room(), onRead)
	}))
	p.Connect(&client, "tcp", l.Addr().String(), ops.HandlerFunc(func(_ int, err error) {
		fatal(err)
		ops.WriteFull(&client, []byte("around"), ops.HandlerFunc(func(_ int, err error) { fatal(err) }))
	}))
	fatal(p.Run(context.Background()))
	// Output: "und\x00\x00aro"
}
