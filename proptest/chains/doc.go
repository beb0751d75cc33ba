// Package chains draws arbitrary programs of chains of operations, runs them on a
// platform, and judges every run by the twelve clauses of the allocation contract
// (package proptest/contract).
//
//	func TestPlatform(t *testing.T) { chains.Platform(t, platform.New) }
//
// With [Wrapping] it checks a handler wrapper of yours, with [Memory] the allocators
// that the chains bring. [Run] does the same for one [Program], which is data: it is
// drawn from a [Chooser], or written by hand. An operation of yours joins those that
// programs are drawn from by one [Register].
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
// [Simulated] does the same on the network of package platform/sim, where all that
// happens is drawn too, so that a failure can be repeated exactly; [Soak] goes on
// for a given time (flag -chains.for). [Explore] runs a small program in every
// order in which things can happen. [SameTraces] compares real platforms with the
// simulated one, event by event, where the order is determined.
//
// # What a failure prints
//
// The violations of the contract, a timeline of the run with the offending event
// marked, and the program, with a token that replays it ([Replaying], [Replay]).
//
// # Whether it can be believed
//
// TestMutants puts deliberate faults between the ledger and the engine,
// and TestFaultyKernels below both: at least two for each clause, and the first
// violation reported must be of that clause. TestLateUses has engines that use
// the memory of a session once more after its last handler. TestVisible shows that
// the race detector finds missing edges although a ledger watches.
package chains
