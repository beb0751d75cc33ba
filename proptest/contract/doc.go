// Package contract has the allocation contract, in numbered clauses, and a ledger
// that checks whether they are kept.
//
// A [Ledger] stands between a program and the library, records who calls what, and
// says what is wrong. It watches handlers, allocators and a proactor of your own:
//
//	l := contract.NewLedger()
//	p, err := platform.New(l.Options()...)
//	chain := l.Chain("reads")
//	chain.Start("read 64", h, func(h ops.Handler) { conn.Read(buf, h) })
//	l.Run(ctx, p)
//	l.Close(p)
//	for _, v := range l.Finish() {
//		t.Error(v)
//	}
//
// It is for tests and not for production, because it asks the runtime for the
// number of the goroutine at each call. Package proptest/chains draws random
// programs of chains and runs them under a ledger.
//
// # What a failure prints
//
// A [Violation] names the clause by number and name, the chain and the operation.
// It says what happened, and what to look at. The [Timeline] draws the run, with a
// lane for each chain, and marks the offending event.
//
// # Clause 6
//
// Clause 6, [Visible], is left to the race detector. A ledger records events
// without the race detector's knowledge, so it hides no missing edge; and every
// allocator that it watches touches plain memory at each call. So run the tests
// with -race as well.
package contract
