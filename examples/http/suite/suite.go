// Package suite has requests for testing HTTP/1.1 servers: those of the suites of
// Http11Probe (github.com/MDA2AV/Http11Probe), with the same names, and others from RFC
// 9112.
package suite

import "strings"

// A Head is a request line and fields, followed by a body or nothing, and the status that
// it must be refused with. Accepted and Incomplete are no refusals.
type Head struct {
	Name, Text string
	Status     int
}

// What becomes of a request that is not refused.
const (
	Accepted   = 0
	Incomplete = -1
)

const (
	get  = "GET / HTTP/1.1\r\nHost: a\r\n"
	post = "POST / HTTP/1.1\r\nHost: a\r\n"
)

// Heads are requests to parse. The limits on which their status depends are those that are
// usual: 16 KiB for a head, 8 KiB for a target, 100 fields.
var Heads = []Head{
	{"COMP-BASELINE", get + "\r\n", Accepted},
	{"COMP-LEADING-CRLF, one", "\r\n" + get + "\r\n", Accepted},
	{"COMP-LEADING-CRLF, two", "\r\n\r\n" + get + "\r\n", 400},
	{"COMP-ABSOLUTE-FORM", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", Accepted},
	{"COMP-OPTIONS-STAR", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Accepted},
	{"COMP-METHOD-CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", Accepted},
	{"COMP-UNKNOWN-METHOD", "FOOBAR / HTTP/1.1\r\nHost: a\r\n\r\n", Accepted},
	{"a method of 32 letters", strings.Repeat("A", 32) + " / HTTP/1.1\r\nHost: a\r\n\r\n", Accepted},
	{"a tilde", "GET /~a HTTP/1.1\r\nHost: a\r\n\r\n", Accepted},
	{"COMP-POST-CL-BODY", post + "Content-Length: 5\r\n\r\nhello", Accepted},
	{"COMP-POST-NO-CL-NO-TE", post + "\r\n", Accepted},
	{"COMP-HTTP10-NO-HOST", "GET / HTTP/1.0\r\n\r\n", Accepted},
	{"COMP-HTTP12-VERSION", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", Accepted},
	{"COMP-LONG-URL-OK", "GET /" + strings.Repeat("a", 7900) + " HTTP/1.1\r\nHost: a\r\n\r\n", Accepted},
	{"COMP-UPGRADE-UNKNOWN", get + "Connection: Upgrade\r\nUpgrade: made-up/1.0\r\n\r\n", Accepted},
	{"SMUG-CL-TRAILING-SPACE", post + "Content-Length: 5 \r\n\r\nhello", Accepted},
	{"SMUG-CL-EXTRA-LEADING-SP", post + "Content-Length:  5\r\n\r\nhello", Accepted},
	{"SMUG-CL-LEADING-ZEROS", post + "Content-Length: 005\r\n\r\nhello", Accepted},
	{"SMUG-TRANSFER_ENCODING", post + "Transfer_Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", Accepted},
	{"SMUG-TE-CASE-MISMATCH without a length", post + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", Accepted},
	{"a host with a port", "GET / HTTP/1.1\r\nHost: a.example:8080\r\n\r\n", Accepted},
	{"an address of IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", Accepted},
	{"a value of other bytes", get + "X: caf\xc3\xa9\tand \xff\r\n\r\n", Accepted},
	{"an empty value", get + "X:\r\n\r\n", Accepted},
	{"100-continue", post + "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n", Accepted},

	{"MAL-EMPTY-REQUEST", "", Incomplete},
	{"MAL-INCOMPLETE-REQUEST", get + "X-Test: value", Incomplete},
	{"half an end of line", get + "\r", Incomplete},

	{"RFC9112-2.2-BARE-LF-REQUEST-LINE", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
	{"RFC9112-2.2-BARE-LF-HEADER", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
	{"a bare LF at the end", get + "\n", 400},
	{"RFC9112-3-CR-ONLY-LINE-ENDING", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400},
	{"SMUG-BARE-CR-HEADER-VALUE", get + "X: val\rue\r\n\r\n", 400},
	{"a bare CR at the end", get + "\rX: y\r\n\r\n", 400},
	{"a bare CR first", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"RFC9112-5.1-OBS-FOLD", get + "X: value\r\n continued\r\n\r\n", 400},
	{"SMUG-TE-OBS-FOLD", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400},
	{"RFC9110-5.6.2-SP-BEFORE-COLON", get + "X : y\r\n\r\n", 400},
	{"SMUG-TE-SP-BEFORE-COLON", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
	{"COMP-WHITESPACE-BEFORE-HEADERS", "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n", 400},
	{"RFC9112-5-EMPTY-HEADER-NAME", get + ": empty\r\n\r\n", 400},
	{"RFC9112-5-INVALID-HEADER-NAME", get + "Bad[Name: y\r\n\r\n", 400},
	{"RFC9112-5-HEADER-NO-COLON", get + "NoColonHere\r\n\r\n", 400},
	{"MAL-NON-ASCII-HEADER-NAME", get + "X-T\xc3\xabst: y\r\n\r\n", 400},
	{"MAL-CONTROL-CHARS-HEADER", get + "X: abc\x07\x08\x0bdef\r\n\r\n", 400},
	{"DEL in a value", get + "X: abcdefgh\x7f\r\n\r\n", 400},
	{"NUL in a value", get + "X: abc\x00\r\n\r\n", 400},

	{"RFC9112-3-MULTI-SP-REQUEST-LINE", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"COMP-REQUEST-LINE-TAB", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"a space at the end of the line", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400},
	{"RFC9112-3-MISSING-TARGET", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"RFC9112-2.3-HTTP09-REQUEST", "GET /\r\n", 400},
	{"MAL-WHITESPACE-ONLY-LINE", "   \r\n\r\n", 400},
	{"RFC9112-3.2-FRAGMENT-IN-TARGET", "GET /path#frag HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"COMP-SPACE-IN-TARGET", "GET /pa th HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"MAL-NUL-IN-URL", "GET /\x00test HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"MAL-NON-ASCII-URL", "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"COMP-ASTERISK-WITH-GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"a relative target", "GET path HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"an absolute target of another scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"an absolute target with a user", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"an absolute target without a host", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"CONNECT with a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"no method", " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"MAL-LONG-METHOD", strings.Repeat("A", 100) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"a method of 33 letters", strings.Repeat("A", 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"CONNECT without a port", "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"CONNECT with a port that is none", "CONNECT a:b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"more than an asterisk", "OPTIONS *x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
	{"a version without a dot", "GET / HTTP/1x1\r\nHost: a\r\n\r\n", 400},
	{"a major version that is no digit", "GET / HTTP/x.1\r\nHost: a\r\n\r\n", 400},
	{"a minor version that is no digit", "GET / HTTP/1.x\r\nHost: a\r\n\r\n", 400},
	{"another protocol", "GET / HTXP/1.0\r\nHost: a\r\n\r\n", 400},
	{"a bare CR and a byte after the version", "GET / HTTP/1.1\rXHost: a\r\n\r\n", 400},
	{"a byte and a bare LF after the version", "GET / HTTP/1.1X\nHost: a\r\n\r\n", 400},
	{"a bare CR and a byte before a field", get + "X: y\rZY: z\r\n\r\n", 400},
	{"NUL and a bare LF", get + "X: y\x00\nY: z\r\n\r\n", 400},
	{"COMP-VERSION-CASE", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
	{"COMP-VERSION-MISSING-MINOR", "GET / HTTP/1\r\nHost: a\r\n\r\n", 400},
	{"COMP-VERSION-LEADING-ZEROS", "GET / HTTP/01.01\r\nHost: a\r\n\r\n", 400},
	{"COMP-VERSION-WHITESPACE", "GET / HTTP/ 1.1\r\nHost: a\r\n\r\n", 400},
	{"RFC9112-2.3-INVALID-VERSION", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505},
	{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},

	{"RFC9112-7.1-MISSING-HOST", "GET / HTTP/1.1\r\n\r\n", 400},
	{"RFC9110-5.4-DUPLICATE-HOST", get + "Host: other.example\r\n\r\n", 400},
	{"COMP-DUPLICATE-HOST-SAME", get + "Host: a\r\n\r\n", 400},
	{"two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400},
	{"SMUG-MULTIPLE-HOST-COMMA", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
	{"COMP-HOST-WITH-USERINFO", "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400},
	{"COMP-HOST-WITH-PATH", "GET / HTTP/1.1\r\nHost: a/path\r\n\r\n", 400},
	{"COMP-HOST-EMPTY-VALUE", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
	{"a port that is none", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400},
	{"a port that is too long", "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400},
	{"a port without a host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
	{"an address that does not end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
	{"an address and more", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400},
	{"an absolute target without Host", "GET http://a/ HTTP/1.1\r\n\r\n", 400},

	{"SMUG-DUPLICATE-CL", post + "Content-Length: 5\r\nContent-Length: 10\r\n\r\nhelloworld", 400},
	{"two equal lengths", post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
	{"SMUG-CL-COMMA-DIFFERENT", post + "Content-Length: 5, 10\r\n\r\nhello", 400},
	{"SMUG-CL-COMMA-SAME", post + "Content-Length: 5, 5\r\n\r\nhello", 400},
	{"SMUG-CL-NEGATIVE", post + "Content-Length: -1\r\n\r\n", 400},
	{"SMUG-CL-NEGATIVE-ZERO", post + "Content-Length: -0\r\n\r\n", 400},
	{"RFC9112-6.1-CL-NON-NUMERIC", post + "Content-Length: abc\r\n\r\n", 400},
	{"RFC9112-6.1-CL-PLUS-SIGN", post + "Content-Length: +5\r\n\r\nhello", 400},
	{"SMUG-CL-OCTAL", post + "Content-Length: 0o5\r\n\r\nhello", 400},
	{"SMUG-CL-HEX-PREFIX", post + "Content-Length: 0x5\r\n\r\nhello", 400},
	{"SMUG-CL-INTERNAL-SPACE", post + "Content-Length: 1 0\r\n\r\nhello12345", 400},
	{"SMUG-CL-UNDERSCORE", post + "Content-Length: 1_0\r\n\r\nhelloworld", 400},
	{"MAL-CL-OVERFLOW", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
	{"an empty length", post + "Content-Length: \r\n\r\n", 400},

	{"SMUG-CLTE-PIPELINE", post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TECL-PIPELINE", post + "Transfer-Encoding: chunked\r\nContent-Length: 30\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-TRAILING-SPACE", post + "Transfer-Encoding: chunked \r\nContent-Length: 5\r\n\r\nhello", 400},
	{"SMUG-TE-TAB-BEFORE-VALUE", post + "Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\nhello", 400},
	{"SMUG-TE-DOUBLE-CHUNKED", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-NOT-FINAL-CHUNKED", post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400},
	{"chunked after another coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-HTTP10", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-EMPTY-VALUE", post + "Transfer-Encoding: \r\nContent-Length: 5\r\n\r\nhello", 400},
	{"SMUG-TE-LEADING-COMMA", post + "Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-TRAILING-COMMA", post + "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-DUPLICATE-HEADERS", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400},
	{"SMUG-TE-VTAB", post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-FORMFEED", post + "Transfer-Encoding: \x0cchunked\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-NULL", post + "Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-IDENTITY", post + "Transfer-Encoding: identity\r\n\r\n", 400},
	{"SMUG-CHUNKED-WITH-PARAMS", post + "Transfer-Encoding: chunked;ext=val\r\n\r\n0\r\n\r\n", 400},
	{"SMUG-TE-XCHUNKED", post + "Transfer-Encoding: xchunked\r\n\r\n", 501},
	{"a coding of one letter", post + "Transfer-Encoding: x\r\n\r\n", 501},
	{"COMP-UNKNOWN-TE-501", post + "Transfer-Encoding: gzip\r\n\r\n", 501},

	{"COMP-EXPECT-UNKNOWN", get + "Expect: 200-ok\r\n\r\n", 417},
	{"MAL-LONG-URL", "GET /" + strings.Repeat("A", 100_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
	{"MAL-LONG-HEADER-VALUE", get + "X-Big: " + strings.Repeat("B", 100_000) + "\r\n\r\n", 431},
	{"MAL-LONG-HEADER-NAME", get + strings.Repeat("A", 100_000) + ": val\r\n\r\n", 431},
	{"MAL-MANY-HEADERS", get + strings.Repeat("X: value\r\n", 1000) + "\r\n", 431},
}

// Chunked is the beginning of a request whose body is one of Bodies.
const Chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

// A Body is one in chunks, the bytes that it is about, what follows it, and the status that
// it must be refused with.
type Body struct {
	Name, Text, Body, Rest string
	Status                 int
}

// Bodies are those to decode.
var Bodies = []Body{
	{"COMP-CHUNKED-BODY", "5\r\nhello\r\n0\r\n\r\n", "hello", "", Accepted},
	{"COMP-CHUNKED-MULTI", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", "", Accepted},
	{"COMP-CHUNKED-EMPTY", "0\r\n\r\n", "", "", Accepted},
	{"COMP-CHUNKED-EXTENSION", "5;ext=value\r\nhello\r\n0\r\n\r\n", "hello", "", Accepted},
	{"an extension without a value", "5;ext\r\nhello\r\n0;a;b=\"c\\\" d\"\r\n\r\n", "hello", "", Accepted},
	{"COMP-CHUNKED-TRAILER-VALID", "5\r\nhello\r\n0\r\nX-Checksum: abc\r\n\r\n", "hello", "", Accepted},
	{"SMUG-TRAILER-CL", "5\r\nhello\r\n0\r\nContent-Length: 50\r\n\r\n", "hello", "", Accepted},
	{"COMP-CHUNKED-HEX-UPPERCASE", "A\r\nhelloworld\r\n0\r\n\r\n", "helloworld", "", Accepted},
	{"zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello", "", Accepted},
	{"the next request", "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "a", "GET / HTTP/1.1\r\n", Accepted},

	{"COMP-CHUNKED-NO-FINAL", "5\r\nhello\r\n", "hello", "", Incomplete},
	{"half a size", "5", "", "", Incomplete},
	{"half a chunk", "5\r\nhel", "hel", "", Incomplete},
	{"half an end", "5\r\nhello\r", "hello", "", Incomplete},
	{"half a trailer", "0\r\nX: y\r\n\r", "", "", Incomplete},

	{"SMUG-CHUNK-BARE-SEMICOLON", "5;\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-EXT-INVALID-TOKEN", "5;bad[=x\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-UNDERSCORE", "1_0\r\nhello world!!!!!\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-HEX-PREFIX", "0x5\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-SIZE-PLUS", "+5\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-SIZE-TRAILING-OWS", "5 \r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-LEADING-SP", " 5\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-MISSING-TRAILING-CRLF", "5\r\nhello0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-EXT-LF", "5;\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-SPILL", "5\r\nhello!!\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-LF-TERM", "5\r\nhello\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-EXT-CTRL", "5;\x00ext\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-EXT-CR", "5;a\rX\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-LF-TRAILER", "5\r\nhello\r\n0\r\n\n", "", "", 400},
	{"SMUG-CHUNK-NEGATIVE", "-1\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"SMUG-CHUNK-BARE-CR-TERM", "5\rhello\r\n0\r\n\r\n", "", "", 400},
	{"a byte and a bare LF at the end of a chunk", "5\r\nhelloX\n0\r\n\r\n", "", "", 400},
	{"a bare CR and a byte at the end of a chunk", "5\r\nhello\rX0\r\n\r\n", "", "", 400},
	{"an empty size and nothing", "\r\n\r\n", "", "", 400},
	{"a size of 16 digits and nothing", "1000000000000000\r\n\r\n", "", "", 400},
	{"an extension with an empty value", "5;a=\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"a control character in a string", "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"a control character that is quoted", "5;a=\"\\\x01\"\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"a string that follows a token", "5;a=b\"c\"\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"an empty size", "\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"a size of 17 digits", "10000000000000005\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"a size that is negative as a signed number", "fffffffffffffffb\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"an extension that does not end", "5;" + strings.Repeat("a", 1000), "", "", 400},
	{"a string that does not end", "5;a=\"b\r\nhello\r\n0\r\n\r\n", "", "", 400},
	{"a trailer that is no field", "0\r\nX\r\n\r\n", "", "", 400},
	{"a trailer that is folded", "0\r\nX: y\r\n z\r\n\r\n", "", "", 400},
	{"a control character in a trailer", "0\r\nX: \x01\r\n\r\n", "", "", 400},
	{"a trailer without end", "0\r\n" + strings.Repeat("X: y\r\n", 1000) + "\r\n", "", "", 431},
}

// Browser is a head as browsers send them, for benchmarks.
const Browser = "GET /assets/app.js?v=3 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Connection: keep-alive\r\n" +
	"Cookie: session=4f3c2b1a0987654321; theme=dark\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"Sec-Fetch-Dest: document\r\n" +
	"Sec-Fetch-Mode: navigate\r\n" +
	"Priority: u=0, i\r\n\r\n"
