// Package http1 parses HTTP/1.1 requests in place: nothing is copied and nothing is
// allocated.
//
// [Head.Parse] parses a request line and its header fields from a buffer that may contain
// only a part of them, or more; [Chunks.Decode] removes the chunked coding from a body, in
// place. Both follow RFC 9112 strictly, because request smuggling is possible when two
// parsers understand a message differently. A request is refused, with the status for the
// answer, if it has
//
//   - a line that does not end with CRLF, or a CR anywhere else;
//   - a field that is folded, has no name, or has a space before its colon;
//   - a byte that is not allowed in a method, a target, a name or a value;
//   - no Host in HTTP/1.1, more than one Host, or one that is not a valid host;
//   - a Content-Length that is not one plain number, or more than one;
//   - a Transfer-Encoding that is not "chunked", more than one, or one in HTTP/1.0 or
//     together with Content-Length;
//   - a chunk whose size is not plain hexadecimal or whose end is not where it says.
//
// # Why not somebody else's parser?
//
// No well-maintained parser both refuses request smuggling and allocates nothing. Of the
// 105 heads in package suite that must be refused for reasons other than their size,
// fasthttp 1.78 accepts 30, net/http 37, nbio 1.6 45 and hertz 0.10 70. All of them accept
// one that has both Content-Length and Transfer-Encoding. (A server that uses such a parser
// may check for itself, as that of net/http does for Host.) And a parser that copies what it
// finds costs more:
//
//	         a GET with one field        the twelve fields of a browser
//	http1          34 ns                       256 ns
//	fasthttp       79 ns                       496 ns
//	hertz          79 ns                       616 ns
//	nbio          290 ns, 4 allocations       1960 ns, 24 allocations
//	net/http     1040 ns, 7 allocations       3359 ns, 22 allocations
//
// The directory parsers, a module of its own, repeats the comparison.
package http1
