package main

import "testing"

// A body is not put into a block where it would mean something else.
func TestShareable(t *testing.T) {
	for code, want := range map[string]bool{
		"func f(a int) int { return a + 7 }":                                          true,
		"func f(a int) int { b := 8; return a + b }":                                  true,
		"func f(a int) (b int) { b, c := 8, 9; return a + b - c }":                    false,
		"func f(a int) int { a, b := 8, 9; return a + b }":                            false,
		"type t int; func (a t) f() t { a, b := 8, t(9); return a + b }":              false,
		"func f(a int) int { if a, b := 8, 9; a > b { a := 7; return a }; return a }": true, // there it is another one anyway
		"func f(_ int) int { _, b := 8, 9; return b + 7 }":                            true,
		"func f(a int) int { again: for a > 7 { a -= 8; continue again }; return a }": false,
		"var a = 1": false,
	} {
		for _, m := range parsed(t, "package p; "+code).mutants(nil) {
			if got := m.shareable(); got != want {
				t.Errorf("%s: %s: shareable is %v, want %v", code, m.change, got, want)
			}
		}
	}
}
