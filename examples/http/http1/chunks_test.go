package http1

import (
	"fmt"
	"testing"

	"github.com/heirloom-go/heirloom/examples/http/suite"

	"pgregory.net/rapid"
)

// decode decodes a text that arrives in pieces, as a server does.
func decode(pieces ...string) (body, rest string, status int, refusal error) {
	var c Chunks
	var b []byte
	length := 0
	for _, p := range pieces {
		b = append(b, p...)
		n, read, done, err := c.Decode(b[length:])
		left := string(b[length+read:])
		length += n
		if err != nil {
			return "", "", err.(*Refusal).Status, err
		}
		b = append(b[:length], left...)
		if done {
			return string(b[:length]), left, suite.Accepted, nil
		}
	}
	return string(b[:length]), "", suite.Incomplete, nil
}

func TestChunks(t *testing.T) {
	for _, c := range suite.Bodies {
		t.Run(c.Name, func(t *testing.T) {
			body, rest, status, err := decode(c.Text)
			if status != c.Status || body != c.Body || rest != c.Rest {
				t.Errorf("%q, then %q, status %d, error %v; want %q, then %q, status %d", body, rest, status, err, c.Body, c.Rest, c.Status)
			}
		})
	}
}

// In however many pieces a body arrives, it is the same, or refused with the same status.
func TestChunksInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(suite.Bodies).Draw(t, "body")
		var pieces []string
		for text := c.Text; text != ""; {
			n := rapid.IntRange(1, min(len(text), 12)).Draw(t, "piece")
			if len(c.Text) > 500 {
				n = min(len(text), 40*n)
			}
			pieces = append(pieces, text[:n])
			text = text[n:]
		}
		body, rest, status, err := decode(pieces...)
		if status != c.Status || body != c.Body {
			t.Fatalf("%q in %q: %q, status %d, error %v, want %q, status %d", c.Text, pieces, body, status, err, c.Body, c.Status)
		}
		if len(rest) > len(c.Rest) {
			t.Fatalf("%q is left of %q", rest, c.Text)
		}
	})
}

func ExampleChunks() {
	var c Chunks
	b := []byte("5\r\nhello\r\n9\r\n, wor")
	n, read, done, err := c.Decode(b)
	fmt.Printf("%q, %d bytes read, done %t, %v\n", b[:n], read, done, err)
	b = []byte("ld!\n\r\n0\r\n\r\nGET")
	n, read, done, err = c.Decode(b)
	fmt.Printf("%q, then %q, done %t, %v\n", b[:n], b[read:], done, err)
	// Output:
	// "hello, wor", 18 bytes read, done false, <nil>
	// "ld!\n", then "GET", done true, <nil>
}
