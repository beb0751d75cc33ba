package http1

import "testing"

const browser = "GET /assets/app.js?v=3 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Connection: keep-alive\r\n" +
	"Cookie: session=4f3c2b1a0987654321; theme=dark\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"Sec-Fetch-Dest: document\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Priority: u=0, i\r\n\r\n"

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"one field", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"},
		{"a browser", browser},
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
