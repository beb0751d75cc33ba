// Package parsers compares the parser of package http1 with others: how many requests of
// package suite each accepts that must or should be refused, and how long each takes for a
// request.
//
//	go test -v .
//	go test -bench . -benchmem .
//
// It compares heads only. A server may check more than its parser does. But in all of them
// the parser decides where the body ends, and that is what smuggling is about.
package parsers
