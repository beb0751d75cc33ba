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
// Then http://127.0.0.1:6060/debug/heirloom/ is the page. Any path that ends in a slash
// will do. (light.png and dark.png in the directory of this package are pictures of a
// page, which TestPictures makes.)
//
// # What it shows
//
// For each proactor, the page charts the last minutes: its connections, the operations
// that are outstanding, the handlers called, the completions per poll, how often it
// parks, and the latency of its loop. It shows all other figures of [platform.Stats] as
// numbers, and the allocator for handlers that bring none.
//
// Each allocator is drawn as the tree that its String spells, one line per layer. Figures
// come from the layers that are a [combinators.Stats], so the composition decides what is
// counted:
//
//	Stats(Recycling(Stats(Heap[byte]), 1048576))
//
// shows what the program asks for (the outer Stats), what the Recycling had to pass on
// (the inner Stats: its misses), and therefore the share that the Recycling served
// itself. A layer that is a parent of several others is shown in each place; how much
// each of them has requested from it is not known. A layer is found if the one above it is an
// [allocator.Composite], as everything in package combinators is except a
// combinators.Cascade.
//
// # What it costs
//
// Nothing is counted specially for the page. While nobody looks at it, it does nothing and
// keeps nothing; the browser keeps the history of the charts. While somebody does, it is
// refreshed each second, unless the reader chooses another interval. A refresh calls
// [platform.Proactor.Stats] of each proactor and Counts of each Stats. It also posts one
// handler to each proactor, with memory of its own, to measure how long that waits to be
// called. So an idle proactor shows a park, a wake and a handler per second that are due
// to the page. The goroutine of the HTTP request also waits for that handler and writes
// the JSON: for a proactor with a thousand connections a refresh takes about 0.1 ms of
// processor time, a ten-thousandth of one processor at one refresh per second
// (BenchmarkRead). In an echo server that makes no measurable difference, and its
// operations allocate nothing in either case (BenchmarkEcho).
//
// If a loop does not call that handler within 100 ms, it is shown as waiting until it
// does, and the first refresh after that shows how long it took. That happens when a
// handler of the program takes long, and when nobody runs the proactor.
//
// # For tools
//
// figures.json, below the page, has the same figures as JSON:
//
//	program      the running program: name, pid, started, go, system, processors
//	elapsed_ns   since the program was started; divide by its difference for rates
//	proactors    of each: name, closed, stats, loop (unless closed), allocator
//	allocators   of each: name, allocator
//
// A stats is a [platform.Stats]. A loop has latency_ns, and waiting, which is true while its
// handler has not been called. An allocator is a layer, with its expression:
//
//	name         as String spells it
//	arguments    those that are not allocators
//	parents      the layers that it is built on
//	times        how many are alike, if several parents in a row are
//	repeated     true if it appears earlier in the tree; its parents are there
//	counts       a combinators.Counts, if the layer counts
//	requests     those that it has served or refused, if the layer counts
//	passed_on    requests to its parents, if they count and are parents of no other layer
//
// # Who may see it
//
// As with pprof, whoever reaches the address sees how the program is built and what it
// does, and each refresh costs processor time. So listen on a loopback address, or require
// authentication, and do not serve the page to the internet. The page changes nothing in
// the program, loads nothing from elsewhere, and forbids the browser to do so (by a
// Content-Security-Policy).
package inspect
