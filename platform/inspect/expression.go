package inspect

import (
	"regexp"
	"strings"
)

// An expression is what the String of an allocator spells: a name, and in parentheses
// what it was built with.
type expression struct {
	name      string
	arguments []string // as they are spelled
}

// parse takes apart an expression. Text that is no call is a name.
func parse(text string) expression {
	e := expression{name: text}
	open, start, ends := 0, 0, 0
	scan(text, func(i, depth int) {
		switch {
		case depth == 0 && text[i] == '(' && open == 0:
			open, start = i, i+1
		case open != 0 && depth == 1 && strings.HasPrefix(text[i:], ", "),
			open != 0 && depth == 1 && strings.HasPrefix(text[i:], " | "):
			e.arguments = append(e.arguments, text[start:i])
			start = i + strings.IndexByte(text[i+1:], ' ') + 2
		case open != 0 && depth == 1 && text[i] == ')':
			ends = i
			if start < i {
				e.arguments = append(e.arguments, text[start:i])
			}
		}
	})
	if open == 0 || ends != len(text)-1 {
		return expression{name: text}
	}
	e.name = text[:open]
	return e
}

// scan calls f with each byte of an expression that is not in a string, and how many
// brackets are open before it.
func scan(text string, f func(i, depth int)) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if quoted {
			switch c {
			case '\\':
				i++
			case '"':
				quoted = false
			}
			continue
		}
		f(i, depth)
		switch c {
		case '"':
			quoted = true
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
	}
}

// source matches an allocator without parents, such as Heap[byte]. A function is
// printed with its package before a dot.
var source = regexp.MustCompile(`^\w+\[.*\]$`)

// isAllocator reports whether an argument is spelled as an allocator is.
func isAllocator(argument string) bool {
	return len(parse(argument).arguments) != 0 || source.MatchString(argument)
}
