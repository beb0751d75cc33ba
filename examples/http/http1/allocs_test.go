//go:build !race

package http1

import (
	"testing"

	"github.com/heirloom-go/heirloom/examples/http/suite"
)

func TestNoAllocs(t *testing.T) {
	text := [][]byte{[]byte(suite.Browser), []byte(suite.Heads[0].Text), []byte("GET / HTTP/1.1\r\n\r\n"), []byte(suite.Chunked)}
	body := []byte("5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")
	chunks := make([]byte, len(body))
	var h Head
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range text {
			h.Parse(b, &usual)
			h.Get("x")
		}
		var c Chunks
		copy(chunks, body)
		c.Decode(chunks)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
