package parsers

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cloudwego/hertz/pkg/protocol"
	"github.com/cloudwego/hertz/pkg/protocol/http1/req"
	"github.com/lesismal/nbio/nbhttp"
	"github.com/valyala/fasthttp"

	"github.com/heirloom-go/heirloom/examples/http/http1"
	"github.com/heirloom-go/heirloom/examples/http/suite"
)

// A parser returns a function that parses the head of a request that lies in memory, as its
// server would have it parsed again and again.
type parser struct {
	name    string
	new     func() func(text []byte) error
	accepts int // of the requests that are to be refused
}

var parsers = []parser{
	{"http1", func() func([]byte) error {
		var h http1.Head
		return func(text []byte) error {
			_, err := h.Parse(text, &http1.Limits{Head: 16 << 10, Target: 8 << 10, Fields: 100})
			return err
		}
	}, 0},
	{"fasthttp", func() func([]byte) error {
		var h fasthttp.RequestHeader
		var source bytes.Reader
		buffered := bufio.NewReaderSize(&source, 16<<10)
		return func(text []byte) error {
			source.Reset(text)
			buffered.Reset(&source)
			return h.Read(buffered)
		}
	}, 30},
	{"hertz", func() func([]byte) error {
		var h protocol.RequestHeader
		var source memory
		return func(text []byte) error {
			source = memory{text}
			return req.ReadHeader(&h, &source)
		}
	}, 70},
	{"nbio", func() func([]byte) error {
		engine := nbhttp.NewEngine(nbhttp.Config{})
		direct := func(f func()) bool { f(); return true }
		var p *nbhttp.Parser
		var s sink
		return func(text []byte) error {
			if p == nil || s.broken {
				s.broken = false
				p = nbhttp.NewParser(nil, engine, &s, false, direct)
			}
			before := s.headers
			if err := p.Parse(text); err != nil {
				s.broken = true
				return err
			}
			if s.headers == before {
				s.broken = true
				return io.ErrUnexpectedEOF
			}
			return nil
		}
	}, 45},
	{"net/http", func() func([]byte) error {
		var source bytes.Reader
		buffered := bufio.NewReaderSize(&source, 16<<10)
		return func(text []byte) error {
			source.Reset(text)
			buffered.Reset(&source)
			_, err := http.ReadRequest(buffered)
			return err
		}
	}, 37},
}

// TestRefuses counts the requests that are accepted though they are to be refused, other
// than for their size. The versions are those of go.mod, so the numbers are known.
func TestRefuses(t *testing.T) {
	for _, p := range parsers {
		var accepted []string
		all := 0
		for _, h := range suite.Heads {
			if h.Status <= 0 || len(h.Text) > 4096 {
				continue
			}
			all++
			if p.new()([]byte(h.Text)) == nil {
				accepted = append(accepted, h.Name)
			}
		}
		t.Logf("%s accepts %d of %d: %s", p.name, len(accepted), all, strings.Join(accepted, ", "))
		if len(accepted) != p.accepts {
			t.Errorf("%s accepts %d, want %d", p.name, len(accepted), p.accepts)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, r := range []struct{ name, text string }{
		{"one field", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"},
		{"browser", suite.Browser},
	} {
		for _, p := range parsers {
			b.Run(r.name+"/"+strings.ReplaceAll(p.name, "/", "-"), func(b *testing.B) {
				parse := p.new()
				text := []byte(r.text)
				b.ReportAllocs()
				for b.Loop() {
					if err := parse(text); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// memory is what hertz reads from.
type memory struct{ b []byte }

func (m *memory) Peek(n int) ([]byte, error) {
	if n > len(m.b) {
		return m.b, io.EOF
	}
	return m.b[:n], nil
}

func (m *memory) Skip(n int) error { m.b = m.b[n:]; return nil }
func (m *memory) Release() error   { return nil }
func (m *memory) Len() int         { return len(m.b) }

func (m *memory) ReadByte() (byte, error) {
	b, err := m.ReadBinary(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (m *memory) ReadBinary(n int) ([]byte, error) {
	b, err := m.Peek(n)
	if err == nil {
		m.b = m.b[n:]
	}
	return b, err
}

// A sink is told by nbio what it parses. That a head is accepted shows when its body
// begins or it is complete.
type sink struct {
	headers int
	broken  bool
}

func (s *sink) OnMethod(*nbhttp.Parser, string)                {}
func (s *sink) OnURL(*nbhttp.Parser, string) error             { return nil }
func (s *sink) OnProto(*nbhttp.Parser, string) error           { return nil }
func (s *sink) OnStatus(*nbhttp.Parser, int, string)           {}
func (s *sink) OnHeader(*nbhttp.Parser, string, string)        {}
func (s *sink) OnContentLength(*nbhttp.Parser, int)            { s.headers++ }
func (s *sink) OnBody(*nbhttp.Parser, []byte) error            { return nil }
func (s *sink) OnTrailerHeader(*nbhttp.Parser, string, string) {}
func (s *sink) OnComplete(*nbhttp.Parser)                      { s.headers++ }
func (s *sink) Close(*nbhttp.Parser, error)                    {}
func (s *sink) Clean(*nbhttp.Parser)                           {}
