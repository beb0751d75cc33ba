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

// parse takes an expression apart. Text that is not a call is a name.
func parse(text string) expression {
	open, start, end := 0, 0, 0
	var arguments []string
	scan(text, func(i, depth int) {
		switch rest := text[i:]; {
		case open == 0:
			if depth == 0 && rest[0] == '(' {
				open, start = i, i+1
			}
		case depth != 1:
		case rest[0] == ')':
			if end == 0 {
				end = i
			}
			if start < i || len(arguments) != 0 {
				arguments = append(arguments, text[start:i])
			}
		default:
			for _, separator := range []string{", ", " | "} {
				if strings.HasPrefix(rest, separator) {
					arguments = append(arguments, text[start:i])
					start = i + len(separator)
				}
			}
		}
	})
	if end == 0 || end != len(text)-1 { // there is more behind it
		return expression{name: text}
	}
	return expression{text[:open], arguments}
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
