package http1

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/examples/http/suite"

	"pgregory.net/rapid"
)

var usual = Limits{Head: 16 << 10, Target: 8 << 10, Fields: 100}

// statusOf is how package suite says what has become of a request.
func statusOf(t *testing.T, err error) int {
	t.Helper()
	var refusal *Refusal
	switch {
	case err == nil:
		return suite.Accepted
	case err == ErrIncomplete:
		return suite.Incomplete
	case errors.As(err, &refusal):
		return refusal.Status
	}
	t.Fatalf("error %v", err)
	return 0
}

func TestParse(t *testing.T) {
	for _, r := range suite.Heads {
		t.Run(r.Name, func(t *testing.T) {
			var h Head
			n, err := h.Parse([]byte(r.Text), &usual)
			if got := statusOf(t, err); got != r.Status {
				t.Fatalf("status %d, error %v, want %d", got, err, r.Status)
			}
			if err == nil && (n < 4 || r.Text[n-4:n] != "\r\n\r\n") {
				t.Errorf("the head has %d bytes of %q", n, r.Text)
			}
		})
	}
}

// A head that has arrived in part is incomplete, or it is refused as the whole is.
func TestParsePart(t *testing.T) {
	for _, r := range suite.Heads {
		if len(r.Text) > 10_000 {
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			var h Head
			end, err := h.Parse([]byte(r.Text), &usual)
			if err != nil {
				end = len(r.Text)
			}
			for i := range end {
				b := make([]byte, i) // nothing lies behind it
				copy(b, r.Text)
				_, err := h.Parse(b, &usual)
				if got := statusOf(t, err); got != suite.Incomplete && got != r.Status {
					t.Errorf("status %d, error %v, after %q", got, err, r.Text[:i])
				}
			}
		})
	}
}

func TestHead(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{
			"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			`GET "/" "/" "" host "a" 1.1 length 0 keep-alive`,
		}, {
			"GET /abc HTTP/1.1\r\nHost: a\r\n\r\n",
			`GET "/abc" "/abc" "" host "a" 1.1 length 0 keep-alive`,
		}, {
			"HEAD /x/y?b=c&d HTTP/1.1\r\nhOsT:\t a:80 \t\r\nConnection: close\r\n\r\n",
			`HEAD "/x/y?b=c&d" "/x/y" "b=c&d" host "a:80" 1.1 length 0`,
		}, {
			"GET http://b:8080?q HTTP/1.1\r\nHost: a\r\n\r\n",
			`GET "http://b:8080?q" "/" "q" host "b:8080" 1.1 length 0 keep-alive`,
		}, {
			"GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n",
			`GET "HTTPS://b" "/" "" host "b" 1.1 length 0 keep-alive`,
		}, {
			"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
			`OPTIONS "*" "" "" host "a" 1.1 length 0 keep-alive`,
		}, {
			"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 42\r\nExpect: 100-continue\r\n\r\n",
			`POST "/" "/" "" host "a" 1.1 length 42 keep-alive continue`,
		}, {
			"PUT / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: CHUNKED\r\nConnection: upgrade , Close , x\r\n\r\n",
			`PUT "/" "/" "" host "a" 1.1 length 0 chunked`,
		}, {
			"GET / HTTP/1.0\r\n\r\n",
			`GET "/" "/" "" host "" 1.0 length 0`,
		}, {
			"PATCH / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
			`PATCH "/" "/" "" host "" 1.0 length 1 keep-alive`,
		}, {
			"get / HTTP/1.1\r\nHost: a\r\n\r\n",
			` "/" "/" "" host "a" 1.1 length 0 keep-alive`,
		},
	} {
		var h Head
		// What an earlier request has left behind must not be seen.
		if _, err := h.Parse([]byte("POST http://x/y?z HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"), &usual); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Parse([]byte(test.text), &usual); err != nil {
			t.Errorf("%q: %v", test.text, err)
			continue
		}
		got := fmt.Sprintf("%v %q %q %q host %q 1.%d length %d", h.Method, h.Target, h.Path, h.Query, h.Host, h.Minor, h.Length)
		for _, is := range []struct {
			so   bool
			what string
		}{{h.Chunked, " chunked"}, {h.KeepAlive, " keep-alive"}, {h.Continue, " continue"}} {
			if is.so {
				got += is.what
			}
		}
		if got != test.want {
			t.Errorf("%q is\n%s, want\n%s", test.text, got, test.want)
		}
	}
}

func TestFields(t *testing.T) {
	var h Head
	n, err := h.Parse([]byte("GET / HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nx-two:\r\nX-one: 2\r\n\r\nrest"), &usual)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for i := range h.Fields() {
		name, value := h.Field(i)
		fmt.Fprintf(&got, "%s=%q ", name, value)
	}
	if want := `Host="a" X-One="1" x-two="" X-one="2" `; got.String() != want {
		t.Errorf("fields %s, want %s", got.String(), want)
	}
	if v := h.Get("x-one"); string(v) != "1" {
		t.Errorf("X-One is %q", v)
	}
	if v := h.Get("x-two"); v == nil || len(v) > 0 {
		t.Errorf("x-two is %q, nil %t", v, v == nil)
	}
	if v := h.Get("x-three"); v != nil {
		t.Errorf("a field that there is not is %q", v)
	}
	if n != len("GET / HTTP/1.1\r\nHost: a\r\nX-One:  1 \r\nx-two:\r\nX-one: 2\r\n\r\n") {
		t.Errorf("the head has %d bytes", n)
	}
}

// The limits are what is allowed, to the byte.
func TestLimits(t *testing.T) {
	text := []byte("GET /abc HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")
	exact := Limits{Head: len(text), Target: 4, Fields: 2}
	var h Head
	if _, err := h.Parse(text, &exact); err != nil {
		t.Errorf("at the limits: %v", err)
	}
	for _, test := range []struct {
		limits Limits
		status int
	}{
		{Limits{Head: len(text) - 1, Target: 4, Fields: 2}, 431},
		{Limits{Head: len(text), Target: 3, Fields: 2}, 414},
		{Limits{Head: len(text), Target: 4, Fields: 1}, 431},
	} {
		_, err := h.Parse(text, &test.limits)
		if got := statusOf(t, err); got != test.status {
			t.Errorf("%+v: status %d, error %v, want %d", test.limits, got, err, test.status)
		}
	}
	// A head that has not ended is refused when it cannot end within the limit.
	part := text[:len(text)-3]
	_, err := h.Parse(part, &Limits{Head: len(part), Target: 4, Fields: 2})
	if got := statusOf(t, err); got != 431 {
		t.Errorf("a part as long as the limit: status %d, error %v", got, err)
	}
}

// Eight bytes at once find what one after the other does.
func TestControl(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("\t !\x1f\x20\x7f\x80\x9f\xa0\xff~"))), 0, 40).Draw(t, "bytes")
		i := rapid.IntRange(0, len(b)).Draw(t, "from")
		want := i
		for want < len(b) && !isControl(b[want]) {
			want++
		}
		if got := control(b, i); got != want {
			t.Errorf("%q from %d: at %d, want %d", b, i, got, want)
		}
	})
}

func ExampleHead_Parse() {
	var h Head
	n, err := h.Parse([]byte("GET /a?b HTTP/1.1\r\nHost: example.org\r\n\r\nGET /c"), &Limits{Head: 1024, Target: 100, Fields: 20})
	fmt.Println(n, err)
	fmt.Printf("%v %s of %s\n", h.Method, h.Path, h.Get("host"))
	// Output:
	// 40 <nil>
	// GET /a of example.org
}
