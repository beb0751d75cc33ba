// Package parsers compares the parser of package http1 with those of others: what they
// accept of package suite that must or should be refused, and what a request costs.
//
//	go test -v .
//	go test -bench . -benchmem .
//
// It looks at heads only. A server may check more than its parser does; but the framing of
// the body, which smuggling is about, is the parser's in all of them.
package parsers
