// Package inspect serves a page that shows a running program: what its proactors do,
// and how its allocators are composed, with what they have counted. It is an
// [http.Handler], to be mounted beside that of net/http/pprof:
//
//	import _ "net/http/pprof"
//
//	var page inspect.Page
//	page.AddProactor("server", p)
//	page.AddAllocator("buffers", buffers)
//	http.Handle("/debug/heirloom/", &page)
//	go http.ListenAndServe("127.0.0.1:6060", nil)
//
// Then http://127.0.0.1:6060/debug/heirloom/ is the page. Any path will do that ends in
// a slash. (The pictures light.png and dark.png in the directory of the package are of
// one.)
//
// # What it shows
//
// For each proactor, over the last minutes: its connections, the operations that are
// outstanding, the handlers that are called, the completions a poll, how often it
// parks, and the latency of its loop; all other figures of [platform.Stats] as numbers;
// and the allocator for handlers that bring none.
//
// Each allocator is drawn as the tree that its String spells, one line a layer. Figures
// come from the layers that are a [combinators.Stats], so it is the composition that
// says what is counted:
//
//	Stats(Recycling(Stats(Heap[byte]), 1048576))
//
// shows what the program asks for (the outer one), what the Recycling had to pass on
// (the inner one, its misses), and by that which share it served itself. A layer that
// several others have for a parent is shown in each place; what each of them has asked
// it for is not known. A layer is found if the one above it is an
// [allocator.Composite], as everything in package combinators is except a
// combinators.Cascade.
//
// # What it costs
//
// Nothing is counted for the page. While nobody looks, it does nothing at all and keeps
// nothing; the history of the charts is the browser's. While somebody does, a refresh,
// each second unless the reader chooses otherwise, takes one [platform.Proactor.Stats]
// of each proactor and one Counts of each Stats, and posts one handler to each proactor,
// with memory of its own, to time how long it waits to be called. So a proactor that is
// idle shows a park, a wake and a handler a second that are the reader's. The reader's
// goroutine also waits for that handler and writes the JSON: of a proactor with a
// thousand connections a reading takes about 0.1 ms of processor time, a ten-thousandth
// of one processor at one reading a second (BenchmarkRead). In an echo server that makes
// no difference that could be measured, and its operations allocate nothing in either
// case (BenchmarkEcho).
//
// A loop that does not call that handler within 100 ms is shown as waiting, for as long
// as it is, and the first refresh after it was called shows how long that took. That is
// so when a handler of the program takes long, and when nobody runs the proactor.
//
// # For tools
//
// figures.json, below the page, has the same figures as JSON:
//
//	program      what runs: name, pid, started, go, system, processors
//	elapsed_ns   since the program was started; for rates, divide by its difference
//	proactors    of each: name, closed, stats, loop (unless closed), allocator
//	allocators   of each: name, allocator
//
// A stats is a [platform.Stats]. A loop has latency_ns, and waiting: true while its
// handler has still not been called. An allocator is a layer, with its expression:
//
//	name         as String spells it
//	arguments    those that are no allocators
//	parents      the layers that it is built on
//	times        how many are alike, if several parents in a row are
//	repeated     true if it was met before in the tree, where its parents are
//	counts       a [combinators.Counts], of a layer that counts
//	requests     those that it has served or refused, of a layer that counts
//	passed_on    requests to its parents, if they count and are the parents of no other layer
//
// # Who may see it
//
// As with pprof: whoever reaches the address sees how the program is built and what it
// does, and a reading costs something. So listen on a loopback address, or put what
// authenticates before it, and do not serve it to the internet. The page changes nothing
// in the program, loads nothing from elsewhere, and forbids the browser to (by a
// Content-Security-Policy).
package inspect
