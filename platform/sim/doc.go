// Package sim is a platform without a kernel: a simulated network with virtual time. Everything
// that could happen in one way or another is chosen from outside.
//
// A [World] is the [backend.Backend] of a proactor. The proactor itself, its sockets and
// operations, the queues, the timers and the memory are those that run on a real kernel. So what
// holds here is the contract of package platform, and not that of an imitation. The world takes the
// kernel's place with:
//
//   - TCP and unix streams, with bounded buffers, partial transfers, half-closed ends, resets and a
//     listener's backlog; and UDP with loss, duplicates, reordering and truncation. The data are
//     real bytes.
//   - Files, which belong to the world and last as long as it does. A file is a name and bytes.
//   - Addresses: ports, also ephemeral ones, addresses for all interfaces, paths, refused
//     connections, and addresses in use.
//   - Virtual time. When everybody waits, it jumps to the next thing that is due. A poll takes one
//     microsecond, and everything else takes none. In a bubble of package testing/synctest the time
//     is the bubble's.
//   - The way in which an interface like io_uring reports what it has done: in Start or in a later
//     poll, out of order, with nothing, late, after a cancellation, or once too often. Like a real
//     backend, the simulated one has a table with generations, in which a completion that comes too
//     late misses.
//
// The [Weather] says how often the unusual happens. A [Chooser] decides whether it happens now: by
// a seed, as a property test that shrinks, or as a search through all answers. In a world that is
// [Alone] nothing else has an influence, so the same answers give the same run, event by event; see
// [WithObserver]. The same holds for several proactors, or several goroutines that run one
// proactor, in [World.Run] and [World.Turns], where the Chooser decides which one goes on. With
// other goroutines the world keeps the same contract. But then the Go scheduler decides when they
// run, and the run cannot be repeated.
//
// # In a bubble of testing/synctest
//
// Test a program that has many goroutines, or that computes its deadlines from time.Now, in a
// bubble of package testing/synctest. A world that is made in a bubble has the bubble's clock, and
// so do its proactors:
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
// The whole program, with a deadline in it, is TestInBubble in this package. A world in a
// bubble differs from others:
//
//   - Time passes when all goroutines of the bubble are durably blocked. A proactor that has
//     nothing to do counts as blocked, whatever it waits for, so synctest.Wait returns when
//     everything that can happen now has happened. A poll takes no time. So while a handler always
//     has something to do, the time stands still, as it does for any goroutine in a bubble.
//   - If a proactor would wait for ever for other goroutines, and all of these wait for ever too,
//     it panics with a [*Deadlock], which also says where they are.
//   - [WithPatience] is measured in virtual time. With [Alone] and in [World.Run] the whole run
//     depends on the Chooser, as it does elsewhere; other goroutines of the bubble may have timers.
//   - The world, its proactors and everything that uses them belong to the bubble. [World.Now] can
//     also be called after the bubble has ended. A backend for a kernel is refused in a bubble; see
//     platform.ErrBubble.
//
// # What is not simulated
//
// These are not simulated: the network below the sockets, socket options, names other than
// localhost, and urgent data. There are no segments, no bandwidth and no routes. What is written
// has arrived, and can be read at once unless the read is delayed. Every address is local.
//
// [Faults] make the backend break its contract on purpose, to test those who check it.
package sim
