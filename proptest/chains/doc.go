// Package chains draws random programs of chains of operations, runs them on a platform,
// and judges every run by the twelve clauses of the allocation contract (package
// proptest/contract).
//
//	func TestPlatform(t *testing.T) { chains.Platform(t, platform.New) }
//
// With [Wrapping] it checks your handler wrapper, and with [Memory] your allocators.
// [Run] does the same for one [Program], which is data: drawn from a [Chooser], or
// written by hand. [Register] adds your own operation to those that programs are drawn
// from.
//
// What you can check, and how:
//
//	the allocators of the chains             Memory, and Conform in package proptest
//	a layer around every handler             Wrapping
//	a backend, or a layer over one           the Opener of Platform
//	an operation                             Register
//	an operation made by ops.Compose         RegisterComposed
//	a server                                 not here; see the example Chat of package platform/sim
//
// Sessions live as in a real server. Once a Conn is closed and its last handler was
// called, its memory is cleared, recycled for the next session, overwritten, or opened on
// another proactor ([Disposal]), in that handler or by another goroutine. A platform that
// still reads or writes this memory shows: it hangs, it ends the wrong operation, it
// races, or what was left in the memory has changed.
//
// # A simulated platform
//
// [Simulated] does the same on the network of package platform/sim, where everything that
// happens is drawn too. So a failure can be repeated exactly, even where several
// goroutines run the proactor. [Soak] goes on for a given time (flag -chains.for).
// [Explore] runs a small program in every order in which things can happen. [SameTraces]
// compares real platforms with the simulated one, event by event, where the program
// determines the order.
//
// # Every order
//
// [Explore] tries all orders, except those that differ from another only in the order of
// independent steps (sleep sets). Three chains of four or five steps with a cancellation,
// a close and a failing allocator take a fraction of a second.
//
// Explore cannot see what chains share through code of yours: a wrapper, an allocator or a
// registered operation. Where a program uses such code, no order is left out, which may
// take more than twenty times as many runs. If chains share nothing through it, say so with
// [Independent].
//
// Where a program has too many orders, [Sampled] tries random ones. Each follows random
// priorities that change in a few places, which finds faults that need only a few events
// in a certain order.
//
// # Several runners
//
// On a simulated platform the goroutines that run a proactor, its runners, take turns. A
// runner goes on until it polls, waits for the runner that polls, begins or ends a handler,
// or cancels in a handler what that has started. Then the Chooser says which runner goes
// on. So a failure can be repeated, made smaller and explored like any other. With a
// Chooser that always answers 0, the same runner goes on for as long as it can.
//
// So the order of handlers and polls is drawn. A call of the library from a handler takes
// effect as a whole, because another runner might need a lock that is held there. Whether
// instructions may be mixed in any order is a matter for [Platform] and the race
// detector. On a simulated platform the race detector sees less, because every poll,
// yield and start locks the world. It reports what two handlers share without a lock of
// their own only if one of them waited where it yields while the other went on.
//
// # What a failure prints
//
// A failure prints the violations of the contract, a timeline of the run with the
// offending event marked, and the program with a token that replays it ([Replaying],
// [Replay]). The program is the smallest that was found within two seconds to fail in the
// same way. Most have one step, or a connection and what is done on it.
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
// named as in the program below. A violation without a clause is a wrong result: what the
// handler was called with, or what was read. The last sentence says where in a platform
// to look. If there are several violations, mend the first: the others often follow from
// it.
//
// The line that begins with [─] explains the signs below it.
//
// In the line of times, each stroke gives the time of the event below it, on a simulated
// platform in virtual time. Each column is one event, of whatever chain, in the order in
// which they happened. So the distance between two columns says nothing about time.
//
// "0 client" is what happened on chain 0. The row below it names what begins in each
// column. Its first operation is the connect. At [ an allocator gave a block for it. From
// the first ═ to the last one the backend has the operation. At ] the block is released,
// and at ( its handler is called, on runner 1 (runners are numbered in the order in which
// they were seen). The handler returns at ). Each 1 in between is an event while the
// handler runs: here the next operation, a write, gets its block and goes to the backend,
// as the ═ after the ) show. A • is something else, here the shut, which is no operation.
//
// "1 server" should look like the row above it: ] before (. But the read that begins
// below "read ful…" has no ] before the ( that the ▲ points at. Its block was still
// allocated when the handler was called. So what the handler started, a second attempt to
// read, got another block, whose ═ hide the release of the first, right after the ). The
// row of the ▲ names the clause again. Where there are several violations, each has a ▲.
//
// The program is everything that was run: how many goroutines run the proactor, the
// connections, and for each chain its steps and how its handlers get their memory, here
// "bound" with ops.WithAllocator. A program that was drawn has a token in its first line.
// Platform, Simulated or SameTraces, whichever has printed the token, repeats the run with
// it. Simulated also repeats what Soak has printed:
//
//	by, err := chains.Replay("~q1Yq…")
//	chains.Simulated(t, chains.Replaying(by))
//
// A test prints this for the smallest run that was found to fail in this way, and names a
// file with a picture of the timeline.
//
// # Can it be trusted?
//
// TestMutants puts deliberate faults between the ledger and the engine: at least two for
// each clause but clause 6. The first violation reported must be of the clause that the
// fault breaks. Some faults may break clause 11 first where a program closes the proactor;
// then another program must show the fault itself. TestFaultyKernels puts faults below both.
// A fault of a kernel may break one of several clauses first, or give a wrong result: the
// test lists what each may do, and every program that shows a fault must report one of these.
//
// The tables in testdata/mutants.md and testdata/kernels.md say which program finds each
// fault, and how small the program becomes. Both tests fail if a row is missing, if more than
// a few steps are left, or if a single edit makes the program smaller still. TestFaultyKernels
// also fails if a program becomes larger than in its table.
//
// TestCoverage fails if some answer to a question that programs and simulated worlds are
// drawn by is never given. TestReach of package platform fails if programs miss a state that
// package ops/reach counts. It needs the tag reach, Linux and io_uring. It lists the
// states that programs need not reach, with the reasons. Tests of these states must reach
// them, which TestReachByOthers and TestReach of package ops check. TestLateUses has
// engines that use the memory of a session once more after its last handler. TestVisible
// shows for clause 6 that the race detector finds missing edges although a ledger watches;
// its table is testdata/visible.md.
package chains
