// Package sim is a platform without a kernel: a simulated network with virtual
// time, in which everything that could happen one way or another is chosen from
// outside.
//
// A [World] is the [backend.Backend] of a proactor. The proactor itself, its
// sockets and operations, the queues, the timers and the memory are those that
// run on a real kernel, so what holds here is the contract of package platform
// and not of an imitation. The world takes the kernel's place with:
//
//   - TCP and unix streams, with bounded buffers, partial transfers, half-closed
//     ends, resets and a listener's backlog, and UDP with loss, duplicates,
//     reordering and truncation. The data are real bytes.
//   - Files, which are the world's own and last as long as it does: a name, and
//     bytes.
//   - Addresses: ports, ephemeral ones too, addresses for all interfaces, paths,
//     and who is refused or finds an address in use.
//   - Time, which is virtual. When everybody waits, it jumps to the next thing that is
//     due; a poll takes one microsecond and everything else none. In a bubble of package
//     testing/synctest it is the bubble's.
//   - The way in which an interface like io_uring reports what it has done: in
//     Start or in a later poll, out of order, with nothing, late, after a
//     cancellation, or once too often. As a real backend has, the simulated one
//     has a table with generations, in which a completion that comes too late
//     misses.
//
// How often the unusual happens is the [Weather], and whether it happens now is
// up to a [Chooser]: a seed, a property test that shrinks, or a search through
// all answers. In a world that is [Alone] nothing else has an influence, so the
// same answers give the same run, event by event; see [WithObserver]. The same
// goes for several proactors, or several goroutines that run one, in [World.Run] and
// [World.Turns]: the Chooser says who goes on. With other goroutines the world keeps
// the same contract, but when they get their turns is up to the Go scheduler, and the
// run cannot be repeated.
//
// # In a bubble of testing/synctest
//
// Test a program that has many goroutines, or that computes its deadlines from time.Now,
// in a bubble of package testing/synctest. A world that is made in one has the bubble's
// clock, and so do its proactors:
//
//	synctest.Test(t, func(t *testing.T) {
//		w := sim.New(sim.Seeded(1), sim.WithWeather(sim.Stormy()))
//		p, err := platform.New(platform.WithCustomBackend(w.Backend))
//		if err != nil {
//			t.Fatal(err)
//		}
//		p.Hold() // so that Run goes on until p is closed
//		ended := make(chan error)
//		go func() { ended <- p.Run(t.Context()) }()
//
//		// The test itself. A timeout of five minutes takes no time, and exactly
//		// five minutes.
//
//		p.Close()
//		<-ended // no goroutine may be left
//	})
//
// The whole program, with a deadline in it, is TestInBubble in this package. What differs
// from a world elsewhere:
//
//   - Time passes when all goroutines of the bubble are durably blocked. A proactor that
//     has nothing to do counts as blocked, whatever it waits for, so synctest.Wait returns
//     when everything that can happen now has happened. A poll takes no time, so as long as
//     a handler always has something to do the time stands still, as it does for any
//     goroutine there.
//   - If a proactor would wait for ever for other goroutines, and all of these wait for
//     ever too, it panics with a [*Deadlock], which also says where they are.
//   - [WithPatience] is measured in virtual time. With [Alone] and in [World.Run] the whole
//     run depends on the Chooser as elsewhere; other goroutines of the bubble may have
//     timers.
//   - The world, its proactors and all that use them belong to the bubble. [World.Now] can
//     also be called when it is over. A backend for a kernel is refused in a bubble, see
//     platform.ErrBubble.
//
// # What is not simulated
//
// Not simulated are the network below the sockets (there are no segments, no
// bandwidth and no routes: what is written has arrived, and can be read at once
// unless the read is delayed), options of sockets, names other than localhost,
// and urgent data. Every address is local.
//
// [Faults] make the backend break its contract on purpose, to test those who
// check it.
package sim
