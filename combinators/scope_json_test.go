package combinators_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/combinators"
)

// A jsonValue is a node of a parsed document.
type jsonValue struct {
	kind   byte // its first character
	number float64
	text   string // part of the document
	array  []*jsonValue
	object []jsonMember
}

type jsonMember struct {
	name  string
	value *jsonValue
}

// jsonParser parses documents that are right, without escapes. It makes the
// tree with new and make if it has no allocators.
type jsonParser struct {
	text    string
	at      int
	values  allocator.Allocator[jsonValue]
	arrays  allocator.Allocator[*jsonValue]
	objects allocator.Allocator[jsonMember]
	array   []*jsonValue // of those that are not complete
	object  []jsonMember
}

func newJSONParser(scope *combinators.Scope) *jsonParser {
	if scope == nil {
		return new(jsonParser)
	}
	return &jsonParser{
		values:  combinators.For[jsonValue](scope),
		arrays:  combinators.For[*jsonValue](scope),
		objects: combinators.For[jsonMember](scope),
	}
}

func (p *jsonParser) parse(text string) *jsonValue {
	p.text, p.at = text, 0
	return p.value()
}

// list returns a copy of s.
func list[T any](a allocator.Allocator[T], s []T) []T {
	var l []T
	if a == nil {
		l = make([]T, len(s))
	} else {
		l, _ = a.Allocate(len(s))
	}
	copy(l, s)
	return l
}

func (p *jsonParser) value() *jsonValue {
	var v *jsonValue
	if p.values == nil {
		v = new(jsonValue)
	} else {
		v, _ = allocator.New(p.values)
	}
	v.kind = p.next()
	switch v.kind {
	case '"':
		v.text = p.string()
	case '[':
		first := len(p.array)
		for p.at++; p.next() != ']'; {
			p.array = append(p.array, p.value())
		}
		p.at++
		v.array = list(p.arrays, p.array[first:])
		p.array = p.array[:first]
	case '{':
		first := len(p.object)
		for p.at++; p.next() != '}'; {
			name := p.string()
			p.object = append(p.object, jsonMember{name, p.value()})
		}
		p.at++
		v.object = list(p.objects, p.object[first:])
		p.object = p.object[:first]
	case 't', 'n':
		p.at += 4
	case 'f':
		p.at += 5
	default:
		end := p.at
		for strings.IndexByte(",]} \n", p.text[end]) < 0 {
			end++
		}
		v.number, _ = strconv.ParseFloat(p.text[p.at:end], 64)
		p.at = end
	}
	return v
}

// next returns the next character that means something.
func (p *jsonParser) next() byte {
	for {
		switch c := p.text[p.at]; c {
		case ' ', '\n', ',', ':':
			p.at++
		default:
			return c
		}
	}
}

func (p *jsonParser) string() string {
	p.at++
	end := p.at + strings.IndexByte(p.text[p.at:], '"')
	s := p.text[p.at:end]
	p.at = end + 1
	return s
}

// sum adds up the numbers of a tree and counts its values.
func (v *jsonValue) sum() (total float64, values int) {
	total, values = v.number, 1
	for _, e := range v.array {
		t, n := e.sum()
		total, values = total+t, values+n
	}
	for i := range v.object {
		t, n := v.object[i].value.sum()
		total, values = total+t, values+n
	}
	return total, values
}

// jsonDocument returns a document of n records with 15 values each.
func jsonDocument(n int) string {
	var b strings.Builder
	b.WriteString("[\n")
	for i := range n {
		fmt.Fprintf(&b, `{"id": %d, "name": "user %d", "active": %t, "tags": ["go", "memory", "tree"], "position": {"x": %d, "y": 2.5, "z": null}, "scores": [%d, 7]},`+"\n", i, i, i%2 == 0, i%100, i%10)
	}
	b.WriteString("0]")
	return b.String()
}

// A tree for each document, in storage that the next one uses again.
func ExampleScope_json() {
	var scope combinators.Scope
	parser := newJSONParser(&scope)
	for _, text := range []string{`{"a": [1, 2, {"b": 3}], "c": null}`, `[4, 5] `} {
		total, values := parser.parse(text).sum()
		fmt.Println(total, values)
		scope.Reuse()
	}
	// Output:
	// 6 7
	// 9 3
}

func BenchmarkJSONTree(b *testing.B) {
	for _, records := range []int{1000, 20_000} {
		text := jsonDocument(records)
		run := func(name string, scope *combinators.Scope, release func()) {
			b.Run(fmt.Sprintf("records=%d/%s", records, name), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				parser := newJSONParser(scope)
				for range b.N {
					if _, n := parser.parse(text).sum(); n != records*15+2 {
						b.Fatalf("%d values, want %d", n, records*15+2)
					}
					release()
				}
			})
		}
		var reuse, reset combinators.Scope
		run("scope=reuse", &reuse, reuse.Reuse)
		reuse.Reset()
		run("scope=reset", &reset, reset.Reset)
		reset.Reset()
		run("peer=new", nil, func() {})
	}
}
