package http1

import "errors"

// ErrIncomplete means that what there is may be the beginning of a request, and more has
// to be read to know.
var ErrIncomplete = errors.New("http1: the request is not complete")

// A Refusal is why a request is not served. What follows on the connection cannot be
// trusted, so the answer is the last one.
type Refusal struct {
	Status int // to answer with
	Reason string
}

// Error says why.
func (r *Refusal) Error() string { return "http1: " + r.Reason }

func bad(reason string) *Refusal { return &Refusal{400, reason} }

// They are made once, so that refusing does not allocate either.
var (
	errMethod       = bad("the method is not a token")
	errTarget       = bad("the target has a byte that none may have")
	errForm         = bad("the target has no form that fits the method")
	errVersion      = bad("the version is not HTTP/ and two digits")
	errLineEnd      = bad("a line does not end with CRLF")
	errName         = bad("the name of a field is not a token that a colon follows")
	errValue        = bad("the value of a field has a control character")
	errNoHost       = bad("there is no Host")
	errTwoHosts     = bad("there is more than one Host")
	errHost         = bad("Host is no host")
	errLength       = bad("Content-Length is not a number")
	errTwoLengths   = bad("there is more than one Content-Length")
	errTwoCodings   = bad("there is more than one Transfer-Encoding")
	errCoding       = bad("Transfer-Encoding is a list with chunked in it, or no list")
	errTwoFramings  = bad("there are both Content-Length and Transfer-Encoding")
	errCodingIn1_0  = bad("Transfer-Encoding is not in HTTP/1.0")
	errChunkSize    = bad("the size of a chunk is not a hexadecimal number")
	errChunkExt     = bad("the extension of a chunk is malformed")
	errChunkEnd     = bad("a chunk does not end where its size says")
	errTargetLong   = &Refusal{414, "the target is too long"}
	errExpectation  = &Refusal{417, "only 100-continue can be expected"}
	errHeadLarge    = &Refusal{431, "the head is too large"}
	errTooManyLines = &Refusal{431, "there are too many fields"}
	errTrailerLarge = &Refusal{431, "the trailer is too large"}
	errOtherCoding  = &Refusal{501, "the transfer coding is not known"}
	errMajor        = &Refusal{505, "the version is not 1"}
)
