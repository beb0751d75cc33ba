package main

import "strings"

const (
	mostChanged = 60 // runes of what changes
	mostAround  = 30 // and on either side of it
)

// describe returns a change on one line, of which what does not change may be cut
// off.
func describe(before, after string) string {
	a, b := oneLine(before), oneLine(after)
	if len(b) == 0 {
		return string(cut(a, mostChanged)) + " => nothing"
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	left := max(0, same-mostAround)
	if left > 0 {
		a, b = a[left:], b[left:]
	}
	begin := ""
	if left > 0 {
		begin = "…"
	}
	return begin + string(cut(a, mostChanged)) + " => " + begin + string(cut(b, mostChanged))
}

// oneLine returns a text with single spaces.
func oneLine(text string) []rune { return []rune(strings.Join(strings.Fields(text), " ")) }

// cut returns at most n runes of a text.
func cut(text []rune, n int) []rune {
	if len(text) <= n {
		return text
	}
	return append(text[:n:n], '…')
}
