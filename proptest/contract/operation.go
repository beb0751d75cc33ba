package contract

import "fmt"

// An Operation is one operation of a [Chain], for handlers that report to the
// ledger themselves: that the operation is started, that its handler is entered,
// that a layer of the handler is abandoned. [Chain.Start] does all of this for a
// handler that does not know the ledger.
type Operation struct {
	chain *Chain
	id    int64
}

// An Expectation is what the contract promises about an operation, as far as
// its handler decides it.
type Expectation struct {
	Allocator int  // the ID of the associated allocator, or of the default one
	Other     int  // the ID of an allocator of other memory that it may ask, such as frames or a buffer, or 0
	Layers    int  // how many layers of the handler must be told of an abandonment
	Peak      int  // the most blocks live at once; 0 if the operation has memory of its own
	Apart     bool // the backend gets operations that lie outside its block
}

// operationID returns an ID of the n-th operation of a chain, which no other
// has.
func operationID(chain, n int) int64 { return int64(chain)<<32 | int64(n) }

// Next returns the next operation of the chain. Start it with [Operation.Start].
func (c *Chain) Next() Operation {
	c.started++
	return Operation{c, operationID(c.id, c.started)}
}

// Start records that the operation is started, and calls start, which starts it.
// The text describes the operation in messages and in the timeline.
func (o Operation) Start(text string, expect Expectation, start func()) {
	c := o.chain
	g := c.ledger.goroutine()
	c.ledger.record(event{kind: eventStart, goroutine: g, chain: c.id, operation: o.id, what: text, expect: expect})
	defer c.ledger.record(event{kind: eventStarted, goroutine: g, chain: c.id, operation: o.id})
	start()
}

// Part calls start, which starts a part of the chain's outstanding operation, such
// as a step of a coroutine.
func (c *Chain) Part(start func()) {
	g := c.ledger.goroutine()
	o := operationID(c.id, c.started)
	c.ledger.record(event{kind: eventPart, goroutine: g, chain: c.id, operation: o})
	defer c.ledger.record(event{kind: eventStarted, goroutine: g, chain: c.id, operation: o})
	start()
}

// Enter records that the handler of the operation is called with n and err. It
// returns a function that records that the handler has returned.
func (o Operation) Enter(n int, err error) (leave func()) {
	l := o.chain.ledger
	g := l.goroutine()
	l.record(event{kind: eventHandler, goroutine: g, chain: o.chain.id, operation: o.id, n: n, err: err, exhausted: isExhausted(err)})
	return func() {
		l.record(event{kind: eventHandlerReturned, goroutine: g, chain: o.chain.id, operation: o.id})
	}
}

// Abandoned records that a layer of the operation's handler was told that it is
// abandoned. Layers count from 0.
func (o Operation) Abandoned(layer int) {
	l := o.chain.ledger
	l.record(event{kind: eventAbandoned, goroutine: l.goroutine(), chain: o.chain.id, operation: o.id, layer: layer})
}

// Fail records a violation by the operation: of a clause, or, if clause is 0, a
// wrong result.
func (o Operation) Fail(clause Clause, format string, args ...any) {
	c := o.chain
	c.ledger.record(event{kind: eventFailed, goroutine: c.ledger.goroutine(), chain: c.id, operation: o.id, n: int(clause), what: fmt.Sprintf(format, args...)})
}
