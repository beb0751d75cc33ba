package contract

import "fmt"

// An Operation is one operation of a [Chain], for whoever runs chains with
// handlers that report for themselves: that it is started, that a handler is
// entered, that a layer of it is abandoned. [Chain.Start] does all that for a
// handler that knows nothing of a ledger.
type Operation struct {
	chain *Chain
	id    int64
}

// An Expectation is what the contract promises about an operation, as far as
// its handler decides it.
type Expectation struct {
	Allocator int  // the ID of the one that is associated, or of the default one
	Frames    int  // the ID of that of the frames of a composed operation, or 0
	Layers    int  // how many layers of the handler are to be abandoned
	Peak      int  // blocks alive at once; 0 if the operation has memory of its own
	Apart     bool // the backend gets operations that lie elsewhere
}

// operationID returns what is unique for the n-th operation of a chain.
func operationID(chain, n int) int64 { return int64(chain)<<32 | int64(n) }

// Next returns the operation that the chain starts next.
func (c *Chain) Next() Operation {
	c.started++
	return Operation{c, operationID(c.id, c.started)}
}

// Start calls start, which starts the operation.
func (o Operation) Start(text string, expect Expectation, start func()) {
	c := o.chain
	g := c.ledger.goroutine()
	c.ledger.record(event{kind: eventStart, goroutine: g, chain: c.id, operation: o.id, what: text, expect: expect})
	defer c.ledger.record(event{kind: eventStarted, goroutine: g, chain: c.id, operation: o.id})
	start()
}

// Part calls start, which starts a part of the operation that the chain has
// outstanding, such as a step of a coroutine.
func (c *Chain) Part(start func()) {
	g := c.ledger.goroutine()
	o := operationID(c.id, c.started)
	c.ledger.record(event{kind: eventPart, goroutine: g, chain: c.id, operation: o})
	defer c.ledger.record(event{kind: eventStarted, goroutine: g, chain: c.id, operation: o})
	start()
}

// Enter notes that the handler of the operation is entered, and returns a
// function that notes that it has returned.
func (o Operation) Enter(n int, err error) (leave func()) {
	l := o.chain.ledger
	g := l.goroutine()
	l.record(event{kind: eventHandler, goroutine: g, chain: o.chain.id, operation: o.id, n: n, err: err, exhausted: isExhausted(err)})
	return func() {
		l.record(event{kind: eventHandlerReturned, goroutine: g, chain: o.chain.id, operation: o.id})
	}
}

// Abandoned notes that a layer of the operation's handler was abandoned. Layers
// count from 0.
func (o Operation) Abandoned(layer int) {
	l := o.chain.ledger
	l.record(event{kind: eventAbandoned, goroutine: l.goroutine(), chain: o.chain.id, operation: o.id, layer: layer})
}

// Fail notes that a clause was broken, or, if it is 0, that the operation had a
// result that it must not have.
func (o Operation) Fail(clause Clause, format string, args ...any) {
	c := o.chain
	c.ledger.record(event{kind: eventFailed, goroutine: c.ledger.goroutine(), chain: c.id, operation: o.id, n: int(clause), what: fmt.Sprintf(format, args...)})
}
