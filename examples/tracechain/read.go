package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/exp/trace"
)

// An event is what a trace may have of a chain: a region that begins or ends, or a log.
type event struct {
	at        time.Duration // since the trace began
	kind      eventKind
	name      string // of the region, or of the category of what was logged
	goroutine int64
}

type eventKind uint8

const (
	begins eventKind = iota
	ends
	logs // that an allocator could not, or that a handler is called with an error
)

// readTrace returns the regions and the logs of an execution trace, in the order in which
// they happened.
func readTrace(r io.Reader) (events []event, err error) {
	reader, err := trace.NewReader(r)
	if err != nil {
		return nil, err
	}
	var began trace.Time
	for first := true; ; first = false {
		e, err := reader.ReadEvent()
		if err == io.EOF {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("after %d regions and logs: %w", len(events), err)
		}
		if first {
			began = e.Time()
		}
		var kind eventKind
		var name string
		switch e.Kind() {
		case trace.EventRegionBegin:
			kind, name = begins, e.Region().Type
		case trace.EventRegionEnd:
			kind, name = ends, e.Region().Type
		case trace.EventLog:
			if strings.HasPrefix(e.Log().Message, "Resize: ") {
				continue // which is how combinators.Trace says that it did
			}
			kind, name = logs, e.Log().Category
		default:
			continue
		}
		events = append(events, event{e.Time().Sub(began), kind, name, int64(e.Goroutine())})
	}
}
