package http1

import (
	"testing"

	"github.com/heirloom-go/heirloom/examples/http/suite"
)

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"one field", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"},
		{"a browser", suite.Browser},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(c.text)
			var h Head
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Parse(text, &usual); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
