// Package proptest checks by properties what the documentation of this module
// promises, for whoever has an allocator, a handler or a platform to check.
//
// # A platform
//
// [Platform] draws arbitrary programs of chains of operations, runs them on
// proactors of yours, and judges every run by the twelve clauses of the
// allocation contract (allocator.Clause):
//
//	func TestPlatform(t *testing.T) { proptest.Platform(t, platform.New) }
//
// With [Wrapping] it checks a handler wrapper, with [Memory] the allocators that
// the chains bring. [Run] does the same for one [Program], which is data: it is
// drawn from a [Chooser], or written by hand.
//
// Sessions live in it as in a real server: once a Conn is closed and its last
// handler was called, its memory is cleared, recycled for the next session,
// overwritten, or opened on another proactor ([Disposal]), in that handler or by
// another goroutine. A platform that still reads or writes it then is seen to
// hang, to end what it should not, to race, or to have changed what was left
// there.
//
// # A simulated platform
//
// [Simulated] does the same on the network of package platform/sim, where all
// that happens is drawn too, so that a failure can be repeated exactly; [Soak]
// goes on for a given time (flag -proptest.for). [Explore] runs a small program
// in every order in which things can happen. [SameTraces] compares real platforms
// with the simulated one, event by event, where the order is determined.
//
// # An allocator
//
// [Conform] runs random programs on an allocator of yours, over and under
// others that are drawn too, and compares it with a model; what it may do beyond
// or short of the rules of package allocator is said with [Claims].
// [FaultSweep] fails each request to the parent in turn, and [Laws] checks what
// must come to the same.
//
// # Chains of your own
//
// What judges is a [Ledger]. It stands between a program and the library,
// records who calls what, and says what is wrong: no program needs to be drawn
// for that. It is for tests, not for production, because it asks the runtime
// for the number of the goroutine at each call.
//
// # What a failure prints
//
// A [Violation] names the clause by number and name, the chain and the
// operation, what happened, and what to look at. The [Timeline] draws the run, a
// lane for each chain, and marks the offending event. The program follows, with
// a token that replays it ([Replaying], [Replay]).
//
// # Whether it can be believed
//
// TestMutants puts deliberate faults between the ledger and the engine, and
// TestFaultyKernels below both: at least two for each clause, and the first
// violation reported must be of that clause. TestLateUses has engines that use the
// memory of a session once more after its last handler. Clause 6, Visible, is the race
// detector's to report: a ledger records without leaving a trace in it, and every
// allocator of the ledger touches plain memory at each call. So run the tests
// with -race as well; TestVisible shows that missing edges are found then.
package proptest
