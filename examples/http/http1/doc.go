// Package http1 reads the requests of HTTP/1.1 where they lie: nothing is copied and
// nothing is allocated.
//
// [Head.Parse] reads a request line and its header fields from a buffer that may have
// less than all of them, or more; [Chunks.Decode] removes the chunked coding from a body,
// in place. Both read RFC 9112 strictly, since two readers that understand a message
// differently are what request smuggling is made of. A request is refused, with the
// status to answer it with, for
//
//   - a line that does not end with CRLF, or a CR anywhere else;
//   - a field that is folded, has no name, or has a space before its colon;
//   - a byte that has no business in a method, a target, a name or a value;
//   - no Host in HTTP/1.1, more than one Host, or one that is no host;
//   - Content-Length that is not one plain number, or is there twice;
//   - Transfer-Encoding that is not "chunked", or is there twice, or in HTTP/1.0, or
//     beside Content-Length;
//   - a chunk whose size is not plain hexadecimal or whose end is not where it says.
//
// # Why not somebody else's parser?
//
// Of the four that are kept well and can be given bytes from memory, two allocate
// nothing (fasthttp 1.78, hertz 0.10), and of 49 requests that must not or should not be
// accepted, such as those with both Content-Length and Transfer-Encoding, fasthttp
// accepts 12, net/http 16, nbio 23 and hertz 30; this one none. A GET with one field
// takes fasthttp 178 ns, hertz 217, nbio 434 and net/http 3469; one with the twelve
// fields of a browser 1454, 1182, 57004 and 12394. The directory parsers, a module of
// its own, repeats the comparison.
package http1
