package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
)

// TestValidation is what the arena's validation asks for.
func TestValidation(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- run(ctx, "127.0.0.1:0", func(a string) { address <- a }) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	var to string
	select {
	case to = <-address:
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
	}

	a, b, body := 100+rand.IntN(900), 100+rand.IntN(900), rand.IntN(1000)
	const end = "Host: localhost:8080\r\nConnection: close\r\n"
	for _, test := range []struct {
		send   string
		status int
		want   string
	}{
		{"GET /baseline11?a=13&b=42 HTTP/1.1\r\n" + end + "\r\n", 200, "55"},
		{fmt.Sprintf("GET /baseline11?a=%d&b=%d HTTP/1.1\r\n%s\r\n", a, b, end), 200, fmt.Sprint(a + b)},
		{"POST /baseline11?a=13&b=42 HTTP/1.1\r\n" + end + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n20", 200, "75"},
		{"POST /baseline11?a=13&b=42 HTTP/1.1\r\n" + strings.ToLower(end) + "content-length: 2\r\n\r\n20", 200, "75"},
		{"POST /baseline11?a=13&b=42 HTTP/1.1\r\n" + end + "Transfer-Encoding: chunked\r\n\r\n2\r\n20\r\n0\r\n\r\n", 200, "75"},
		{"POST /baseline11?a=13&b=42 HTTP/1.1\r\n" + end + "Transfer-Encoding: chunked\r\n\r\n1\r\n2\r\n1\r\n0\r\n0\r\n\r\n", 200, "75"},
		{fmt.Sprintf("POST /baseline11?a=%d&b=%d HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%d", a, b, end, len(fmt.Sprint(body)), body), 200, fmt.Sprint(a + b + body)},
		{"GET /pipeline HTTP/1.1\r\n" + end + "\r\n", 200, "ok"},
		{"GET /baseline11?a=x HTTP/1.1\r\n" + end + "\r\n", 400, ""},
		{"DELETE /baseline11 HTTP/1.1\r\n" + end + "\r\n", 405, ""},
		{"GET /other HTTP/1.1\r\n" + end + "\r\n", 404, ""},
	} {
		c, err := net.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, test.send)
		answer, err := io.ReadAll(c)
		c.Close()
		head, got, _ := strings.Cut(string(answer), "\r\n\r\n")
		if err != nil || !strings.HasPrefix(head, fmt.Sprintf("HTTP/1.1 %d ", test.status)) || got != test.want {
			t.Errorf("%q is answered by %q, %v, want %d %q", test.send, answer, err, test.status, test.want)
		}
	}
}
