// Package chains draws arbitrary programs of chains of operations, runs them on a
// platform, and judges every run by the twelve clauses of the allocation contract
// (package proptest/contract).
//
//	func TestPlatform(t *testing.T) { chains.Platform(t, platform.New) }
//
// With [Wrapping] it checks a handler wrapper of yours, with [Memory] the allocators
// that the chains bring. [Run] does the same for one [Program], which is data: it is
// drawn from a [Chooser], or written by hand. One call of [Register] adds an
// operation of yours to those that programs are drawn from.
//
// What may be yours in it:
//
//	the allocators of the chains             Memory, and Conform in package proptest
//	a layer around every handler             Wrapping
//	a backend, or a layer over one           the Opener of Platform
//	an operation                             Register
//	a server                                 none of this: the example Chat of package platform/sim
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
// happens is drawn too, so that a failure can be repeated exactly, also where several
// goroutines run the proactor; [Soak] goes on for a given time (flag -chains.for). [Explore]
// runs a small program in every order in which things can happen. [SameTraces] compares real
// platforms with the simulated one, event by event, where the order is determined.
//
// # Every order
//
// [Explore] leaves out orders that differ only in the order of steps that have nothing to
// do with each other (sleep sets), and tries the rest, so that three chains of four steps
// with a cancel, a close and an allocator that fails take a fraction of a second. Of a
// program that has too many orders [Sampled] tries some at random, by priorities that are
// changed in a few places, which finds what needs only a few things to happen in a certain
// order.
//
// # Several runners
//
// On a simulated platform the runners of a proactor take turns. One goes on until it polls,
// waits for the one that polls, or begins or ends a handler, and in between where a handler
// cancels what it has started. Then the Chooser says which goes on, so that a failure is
// repeated, made smaller and explored as any other. In a world that answers 0 the same
// runner goes on as long as it can.
//
// So what is drawn is the order of handlers and polls. What a handler calls of the library
// takes effect all at once, since another runner might need a lock that is held there.
// Whether instructions may be mixed in any order is a matter for [Platform], and for the race
// detector. On a simulated platform that sees less, because every poll, yield and start locks
// the world. It reports what two handlers share without a lock of their own only if one of
// them waited where it yields while the other went on.
//
// # What a failure prints
//
// The violations of the contract, a timeline of the run with the offending event
// marked, and the program, with a token that replays it ([Replaying], [Replay]). The
// program is the smallest that was found to fail in the same way within two seconds: most
// have one step, or a connection and what is done on it.
//
// # Reading a failure
//
// Here a read was cancelled, and the platform released its memory after it had called
// the handler:
//
//	contract clause 4 ReleasedFirst broken, chain 1 server, operation 2: read full 64, cancel by slot:
//		the handler was entered while block 0xc000129ad0 of 176 bytes of
//		the associated allocator of chain 1 server was allocated.
//		Look at the order of Deallocate and Complete on the path by which this operation ended.
//
//	[─] block allocated   ═ backend has it   (1) handler, on runner 1   × allocator failed   † abandoned   • other
//	          ╷0.000 ms           ╷0.002 ms           ╷0.004 ms
//	0 client  [════](11)══──────](•11)═════════════─](•)
//	          conne… write full …  end link 0         close link 0
//	1 server    [════════─](111)──────(11)══](•11)══────](•)
//	            accept lin… read ful…  read …  end link…  close link 0
//	                                  ▲ 4 ReleasedFirst
//
//	program: a SingleRunner
//	  link 0: tcp
//	  chain 0 client: bound
//	     0 connect link 0
//	     1 write full 64
//	     2 shut link 0
//	     3 end link 0
//	     4 close link 0
//	  chain 1 server: bound
//	     0 accept link 0
//	     1 read full 64, cancel by slot
//	     2 shut link 0
//	     3 end link 0
//	     4 close link 0
//
// The first sentence says which clause is broken, by number and name, by which operation
// of which chain, and what was seen. Operations are counted from 1 in their chain, and
// named as in the program below. A violation without a clause is a wrong result: what
// the handler was told, or what was read. The last sentence says where in a platform to
// look. If there are several violations, the first is the one to mend: the others often
// follow from it.
//
// The line that begins with [─] says what the signs below it mean.
//
// The line of times belongs to them: each of its strokes says when the event below it
// was, on a simulated platform in virtual time. Each column is one event, of whatever
// chain, in the order in which they happened. So signs above each other are not at the
// same time, and the distance of two says nothing.
//
// "0 client" is what happened on chain 0, and the row below it says what was begun in
// that column. Its first operation is the connect: [ is the event that an allocator gave
// a block for it, from the first ═ to the last one the backend has the operation, ] is the
// release of the block, and ( is the call of the handler that follows it, on goroutine 1
// (they are numbered in the order in which they were seen). It returns with ). Every 1 in
// between is an event while it runs: here the block of the next operation, a write, is
// given, and the backend has it, which the ═ after the ) continue. A • is something else,
// here the shut, which is no operation.
//
// "1 server" should look like the row above it: ] before (. But the read that begins below
// "read ful…" has no ] before the ( that the ▲ points at. The block was still allocated
// when the handler was called, so what the handler has started, a second attempt to read,
// got another one. Its ═ hide the release of the first, right after the ). The row of the
// ▲ names the clause again; where there are several violations there is a ▲ for each.
//
// The program is what was run, and all there is of it: how many goroutines run the
// proactor, the connections, and for each chain how its handlers come by memory, here
// "bound" with ops.WithAllocator, and its steps. A program that was drawn has a token in
// its first line, with which the function that has printed it repeats the run:
//
//	by, err := chains.Replay("AAABAAAAAgAA")
//	chains.Simulated(t, chains.Runners(1), chains.Replaying(by))
//
// A test prints this for the smallest run that was found to fail in this way, and says in
// which file there is a picture of the timeline.
//
// # Whether it can be believed
//
// TestMutants puts deliberate faults between the ledger and the engine, and
// TestFaultyKernels below both: at least two for each clause, and the first violation
// reported must be of that clause. The tables in testdata/mutants.md and
// testdata/kernels.md say by which program each is found, and how small that becomes.
// TestCoverage fails if an answer to a question that programs are drawn by is never
// given, and TestReach of package platform if they miss one of the states that package
// ops/reach counts. TestLateUses has engines that use the memory of a session once more
// after its last handler. TestVisible shows that the race detector finds missing edges
// although a ledger watches.
package chains
