package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/heirloom-go/heirloom/examples/http/suite"
)

// FuzzParse compares what is accepted with what package net/http makes of it: it must accept
// it too and find the same in it, the body included, so that a server behind this one
// that uses it never sees another request.
func FuzzParse(f *testing.F) {
	for _, r := range suite.Heads {
		if len(r.Text) < 1000 {
			f.Add([]byte(r.Text))
		}
	}
	for _, c := range suite.Bodies {
		f.Add([]byte(suite.Chunked + c.Text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var h Head
		n, err := h.Parse(text, &usual)
		if err != nil {
			return
		}
		if text[0] == '\r' {
			text, n = text[2:], n-2 // net/http skips no empty line
		}
		source := bytes.NewReader(text)
		buffered := bufio.NewReaderSize(source, 64<<10)
		r, err := http.ReadRequest(buffered)
		if err != nil {
			if h.Method == OPTIONS || h.Method == CONNECT || looksLikeBadURL(h.Target) {
				return // net/http looks into the target
			}
			t.Fatalf("net/http refuses %q: %v", text, err)
		}
		if h.Method != Unknown && r.Method != h.Method.String() {
			t.Errorf("method %q, net/http %q", h.Method, r.Method)
		}
		if r.RequestURI != string(h.Target) {
			t.Errorf("target %q, net/http %q", h.Target, r.RequestURI)
		}
		if r.Host != string(h.Host) && h.Method != CONNECT {
			t.Errorf("host %q, net/http %q", h.Host, r.Host)
		}
		if r.ProtoMajor != 1 || min(r.ProtoMinor, 1) != h.Minor {
			t.Errorf("HTTP/1.%d, net/http %s", h.Minor, r.Proto)
		}
		if r.Close == h.KeepAlive {
			t.Errorf("keep-alive %t, net/http closes %t", h.KeepAlive, r.Close)
		}
		for i := range h.Fields() {
			name, value := h.Field(i)
			if fold(name, "host") || fold(name, "transfer-encoding") {
				continue // net/http takes them out
			}
			if !contains(r.Header, string(name), string(value)) {
				t.Errorf("field %q is %q, net/http has %q", name, value, r.Header)
			}
		}
		body, bodyErr := io.ReadAll(r.Body)
		rest := text[n:]
		if h.Chunked {
			var c Chunks
			length, read, done, err := c.Decode(rest)
			if err == nil && done {
				left, _ := io.ReadAll(buffered)
				if bodyErr != nil || !bytes.Equal(body, rest[:length]) || !bytes.Equal(left, text[n+read:]) {
					t.Errorf("body %q, then %q; net/http %q, %v, then %q", rest[:length], rest[read:], body, bodyErr, left)
				}
			}
			return
		}
		if r.TransferEncoding != nil {
			t.Errorf("not chunked, net/http has %q", r.TransferEncoding)
		}
		if int64(len(rest)) >= h.Length {
			if bodyErr != nil || !bytes.Equal(body, rest[:h.Length]) {
				t.Errorf("body %q, net/http %q, %v", rest[:h.Length], body, bodyErr)
			}
		}
	})
}

func contains(h http.Header, name, value string) bool {
	for k, values := range h {
		if fold([]byte(k), string(bytes.ToLower([]byte(name)))) {
			for _, v := range values {
				if v == value {
					return true
				}
			}
		}
	}
	return false
}

// looksLikeBadURL reports whether package net/url may refuse the target, which it takes
// apart further than is done here.
func looksLikeBadURL(target []byte) bool {
	return bytes.ContainsAny(target, "%:[]\\")
}
