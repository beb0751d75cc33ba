package contract

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/heirloom-go/heirloom/allocator"
	"github.com/heirloom-go/heirloom/ops"
)

// Trace returns what happened to each chain, in order, by the chain's name. It
// leaves out when the backend had an operation, and when the functions that start
// operations returned: that depends on the platform. The words are the same on
// every system.
func (l *Ledger) Trace() map[string][]string {
	l.settle()
	l.mu.Lock()
	defer l.mu.Unlock()
	trace := make(map[string][]string)
	for i := range l.history {
		e := &l.history[i]
		if e.chain == 0 {
			continue
		}
		text := ""
		switch e.kind {
		case eventNote:
			text = e.what
		case eventStart:
			text = "start " + e.what
		case eventAllocated:
			text = "allocated from " + l.judge.name(e.allocator)
		case eventRefused:
			text = "refused by " + l.judge.name(e.allocator)
		case eventReleased:
			text = "released to " + l.judge.name(e.allocator)
		case eventHandler:
			text = fmt.Sprintf("told %d, %s", e.n, errorClass(e.err))
		case eventAbandoned:
			text = "abandoned"
		default:
			continue
		}
		name := l.chains[e.chain-1].name
		trace[name] = append(trace[name], text)
	}
	return trace
}

// errorClass says what kind of error err is, in words that are the same on every
// system.
func errorClass(err error) string {
	if err == nil {
		return "nil"
	}
	for _, class := range []error{
		allocator.ErrExhausted, ops.ErrCanceled, os.ErrDeadlineExceeded, net.ErrClosed,
		io.EOF, io.ErrUnexpectedEOF, io.ErrShortBuffer,
		syscall.ECONNRESET, syscall.ECONNREFUSED, syscall.ECONNABORTED, syscall.EPIPE, syscall.ENOTCONN, syscall.ENOBUFS,
	} {
		if errors.Is(err, class) {
			return class.Error()
		}
	}
	return "another error"
}
