// Package platform starts operations of the operating system and calls their
// handlers when they have ended: a proactor, with connections, listeners, packets,
// files, timers and signals.
//
// A [Proactor] has one backend, the kernel interface that it uses: io_uring or epoll on
// Linux, completion ports on Windows, kqueue on macOS and the BSDs, or package net where
// there is none of them. [New] takes the best that the system lets it use; [Proactor.Backend] says which, and [Proactor.Fallback] why
// no better one. Package platform/sim simulates one, and package platform/backend is
// for those who write their own.
//
// Handlers are called by the goroutines that are in [Proactor.Run], never from
// inside the call that started the operation. The memory of an operation comes
// from the allocator associated with its handler, see package ops, and is released
// before the handler is called.
//
// # Whose memory it is
//
// What the kernel's events find is the proactor's own memory, a record for each
// socket. A [Conn], [Listener], [PacketConn] or [File] only refers to it, by the number
// of its socket, and a [Timer] to its proactor. So once a connection is closed and the
// last of its handlers has been called, its Conn is the program's: that handler, or any
// goroutine after it, can clear the session it lies in, copy over it, give it back to
// an allocator, or open the Conn again, on this proactor or another. Whoever still has
// an old Conn finds it closed, also when its record serves another connection by then;
// whoever cancels late, by an ops.CancelSlot, cancels nothing.
//
// # How many goroutines, how many proactors
//
//	you want                                     use
//	one loop, nothing shared, the least cost     New(SingleRunner()), one Run
//	a loop on each processor                     NewGroup, one Listen for all
//	handlers that take long, run in parallel     New(), several Run
//	the shortest waits, for a busy processor     Spin
//
// A proactor that several goroutines run takes locks, and calls the handlers of
// different chains at the same time; an ops.Strand keeps those apart that must not
// be. Proactors of a [Group] share nothing.
//
// # Containers
//
// The default profiles of Docker, Podman and containerd, which is RuntimeDefault of
// Kubernetes, refuse the system calls of io_uring, because holes in it have been ways out of
// a container. A proactor there uses epoll, and everything works; [Proactor.Fallback] says
// "io_uring_setup: operation not permitted" (in Podman, "function not implemented"). To
// allow io_uring, give the container a profile that does:
//
//	docker run --security-opt seccomp=seccomp.json …
//
// The folder examples/containers has one, which is Docker's default and three more
// calls, and a program that says which backend a container lets a proactor have, and
// prints the profile in the form that Kubernetes takes. The host's own setting (kernel.io_uring_disabled) and the
// container's limit of memory that may be locked (ulimit memlock) can refuse it still, and
// the reason names which. To have epoll everywhere, and the same in tests as in
// production, set HEIRLOOM_BACKEND=epoll, or use [WithBackend].
//
// # Tests in a bubble
//
// In a bubble of package testing/synctest the time passes when all of its goroutines wait
// for one another, and a goroutine that waits for the system's kernel does not count. So
// New returns [ErrBubble] there, and Run of a proactor from outside does; a proactor on a
// world of package platform/sim, opened in the bubble, has the bubble's time.
//
// # A server
//
// An [Acceptor] is the part that every server needs: it accepts for as long as the
// server runs, whatever errors come by, has each session from an allocator, bounds
// how many live at a time, and at the end waits for them.
//
// # Handlers or coroutines
//
// [Proactor.Spawn] runs a function as a coroutine, which reads, writes, accepts, dials and
// sleeps as if it blocked, and takes turns with everything else on the goroutine that runs
// the proactor. Handlers are for sessions of a few steps and for very many that are idle:
// while it waits, a chain of handlers keeps its operation, and a coroutine a stack
// besides, of 2 KiB at least; see package ops for what that costs. As in a handler, what
// blocks otherwise, such as a mutex, a channel or package net, holds up everything on the
// goroutine.
//
// # What waits, and where
//
// Of each direction of a socket one operation is with the kernel; further ones
// wait their turn, in the order in which they were started. Timeouts and timers
// are the proactor's own: a heap in which a wait is started, cancelled and ended
// without allocating. The deadline of a socket is in it once, whatever is outstanding
// there, and is put right when it comes up: to move it forward changes only a number.
//
// An idle connection costs its Conn, its handler, the operation that waits, and
// a record, which later connections use again and the proactor keeps. It needs no
// buffer if it reads with [ops.ReadOnArrival], or with [Conn.WaitReadable] and
// [Conn.TryRead].
//
// On io_uring what handlers start goes to the kernel together. The address of a socket
// that is closed with something outstanding, or whose process dies, is free a moment
// later there, so Listen and ListenPacket try again for up to half a second when an
// address is in use.
//
// # Options of sockets
//
// Fields of [SocketOptions] and [ListenConfig], and methods of a socket that is open.
// The defaults are those of package net.
//
//	field        method            default          Linux  FreeBSD  macOS  Windows
//	Delay        SetNoDelay        false            yes    yes      yes    yes
//	KeepAlive    SetKeepAlive      15 s, 15 s, 9    yes    yes      yes    yes
//	NoKeepAlive  SetKeepAlive      false            yes    yes      yes    yes
//	ReadBuffer   SetReadBuffer     the system's     yes    yes      yes    yes
//	WriteBuffer  SetWriteBuffer    the system's     yes    yes      yes    yes
//	Backlog      -                 the system's     yes    yes      yes    no
//	ReusePort    -                 false            yes    yes      no     no
//	Mode         -                 the umask's      yes    yes      yes    no
//	Control      SyscallConn       nil              yes    yes      yes    yes
//	-            SetLinger         -1, background   yes    yes      yes    yes
//	-            SetUnlinkOnClose  unless adopted   yes    yes      yes    yes
//
// What a system or a network does not have is an error that is [errors.ErrUnsupported];
// no-delay, keep-alive and linger are for TCP only. On Linux the options of accepted
// connections are inherited from the listener, and cost nothing. A connection that is
// made needs five system calls for them, about a tenth of what it costs on
// loopback.
//
// Sockets of package net, and of other processes, are taken over by
// [Proactor.AdoptConn], [Proactor.AdoptListener] and [Proactor.AdoptPacketConn]; File gives
// a descriptor back. Completion ports can do neither: a handle of Windows has one port for
// its life.
//
// # Which call gives which error
//
// Errors have the names of package syscall on every system. (On Windows an error of a
// socket is both: syscall.ECONNRESET, and WSAECONNRESET.)
//
// An error of the system, and a time that has run out, while a socket is opened is in a
// [*net.OpError] that says where: what was done, and the address of the peer or of the
// listener. What the program has caused itself is told as it is. So errors.Is finds the
// cause, and errors.As a net.Error, whose Timeout is true of os.ErrDeadlineExceeded. A
// Dial of one numeric address is a Connect, and of others fails also as that does. A
// deadline that has passed ([Conn.SetDeadline] and its like) is as a timeout is, and the
// reset of a peer is to a write what it is to a read, or EPIPE.
//
//	call     when                                 errors.Is, or a type     where
//	Connect  nobody listens                       syscall.ECONNREFUSED     dial, the peer
//	Connect  no such path                         syscall.ENOENT           dial, the peer
//	Connect  it takes too long (ops.WithTimeout)  os.ErrDeadlineExceeded   dial, the peer
//	Connect  the address is not numeric           *net.AddrError           dial
//	Connect  the network is not known             net.UnknownNetworkError  dial
//	Connect  the Conn is in use                   ErrInUse
//	Connect  it is cancelled                      ops.ErrCanceled
//	Connect  the Conn is closed meanwhile         net.ErrClosed
//	Connect  no memory for the operation          allocator.ErrExhausted
//	Dial     no such host                         *net.DNSError            dial, the name
//	Dial     every address of the host fails      syscall.ECONNREFUSED     dial, the first
//	Dial     it takes too long (Dialer.Timeout)   os.ErrDeadlineExceeded   dial, the name
//	Listen   the address is in use                syscall.EADDRINUSE       listen, the address
//	Listen   the network is not known             net.UnknownNetworkError  listen
//	Listen   the proactor is closed               net.ErrClosed            listen, the address
//	Accept   no descriptor is left                syscall.EMFILE           accept, the listener
//	Accept   it takes too long (ops.WithTimeout)  os.ErrDeadlineExceeded   accept, the listener
//	Accept   the Conn is in use                   ErrInUse
//	Accept   it is cancelled                      ops.ErrCanceled
//	Accept   the listener is closed               net.ErrClosed
//	Accept   no memory for the operation          allocator.ErrExhausted
//	Read     the peer has ended the stream        io.EOF
//	Read     the peer has reset it                syscall.ECONNRESET
//	Read     it takes too long (ops.WithTimeout)  os.ErrDeadlineExceeded
//	Read     it is cancelled                      ops.ErrCanceled
//	Read     the Conn is closed                   net.ErrClosed
//	Write    the Conn is closed                   net.ErrClosed
//
// # How a running proactor stands
//
// [Proactor.Stats] says what is open, what is outstanding by kind, and how often the
// kernel was asked, slept for and woken; [Proactor.Var] is for package expvar, and a
// [Group] adds its proactors up. It costs an operation nothing that is atomic.
//
// # What stays as it is
//
// Of the packages of this module, from v1 on:
//
//	allocator          frozen
//	combinators        frozen
//	ops                frozen, but for Operation, ControlBlock and Kind
//	platform           frozen
//	platform/netconn   frozen
//	platform/secure    frozen
//	platform/inspect   frozen
//	platform/sim       frozen
//	proptest           frozen
//	proptest/contract  frozen
//	proptest/chains    frozen
//	platform/backend   may change with each minor version
//	ops/reach          may change with each minor version
//	examples           programs, with nothing to import
//
// Frozen is what Go 1 promises: what compiles with v1.0 compiles with each v1, and does
// what its documentation says; a clause of the contract is never weakened, nor is what is
// documented to allocate nothing. A minor version may add to a package: functions, types,
// fields of structs (so name them in literals), options, methods of interfaces that nobody
// but the library implements. [ops.Handler], [ops.Reader], allocator.Allocator and others
// that programs implement get no further methods; what is new is asked for by an
// interface of its own.
//
// Not promised are the fields and the size of an ops.Operation, which is there to be given
// memory, and its kinds; package platform/backend, which follows what kernels offer; texts
// of errors, and of what prints itself; times and sizes in the documentation; what a seed or
// a token draws, from one version to the next; and which system calls are made. The two
// latest versions of Go are supported, and a minor version may end the support of an older
// one.
//
// Before v1 a minor version (v0.2, v0.3) may change all of it. What it changes is in
// .github/CHANGELOG.md, with what to write instead; a patch version (v0.1.1) changes
// nothing that is exported.
//
// # Why does a proactor look before it sleeps?
//
// To put a thread to sleep and to wake it costs some 16 to 31 µs of processor time, and
// the peer waits meanwhile. With one connection in ping-pong the answer is there sooner.
// A look of 20 µs therefore costs no more than the sleep that it saves, and three
// messages are exchanged in the time of one or two. It is worth that only where something
// comes within those 20 µs, and whether it does cannot be told from how long the last
// sleeps took: a peer that is woken late answers late. So the proactor tries it for four
// waits. While more than half of them pay, it goes on; otherwise it sleeps at once for
// the next 8 waits, then 16, and up to 512, and tries again. It counts waits, not time: a
// proactor that nothing wakes looks no more, and one that a timer wakes now and then looks
// before a few of its waits. On a system where a single processor is online it looks only
// once before it sleeps, because nobody could answer meanwhile. [Spin] makes looks
// longer, there too; with Spin(0) it looks once.
//
// # Why does it yield to other goroutines only now and then?
//
// With GOMAXPROCS=1 they can run only if the proactor lets them, so it does so with each
// look. Otherwise runtime.Gosched wakes a second thread whenever a processor is idle: with
// each look, at one connection, that took half as much processor time again. But where
// every processor has a proactor that always finds something when it looks, nobody else
// would run until the scheduler's monitor comes along, after 10 ms. So a proactor yields
// when it has not slept for 100 µs, however long it goes on to look or to call handlers
// without a pause.
//
// It may also be that what the proactor waits for comes from a goroutine that waits for
// its turn. The scheduler does not tell, so yielding before each sleep is tried and judged
// as looking is.
//
// # When does what a handler starts reach the kernel?
//
// On all backends but one at once, if the kernel takes it at all. On io_uring requests are
// collected, since one call for many is what makes it quick. They are handed over when
// all handlers that were ready have returned, or after 50 µs. As handlers cannot be
// interrupted, the number of them that take 50 µs is learnt from how long they took.
// Where one or two do, each operation is handed over as it is started. A handler that
// takes long, among many that do not, can still hold back what it has started itself;
// let another goroutine do such work.
//
// # Why are reads on io_uring sometimes one request each, and sometimes share one?
//
// A request that the kernel completes again and again saves a request a message. But
// with a single runner the kernel completes it on the thread that has made it, when that
// enters the kernel: if it sleeps elsewhere, a message takes two wakes instead of one, and
// if it computes, messages and the end of a stream wait for it. A read that is a request
// of its own is made by the thread that then waits. So reads are made one by one until
// looks find eight completions on average, when the thread is awake anyway. Then those
// of a stream share a request, until the average is below four. What such a request brings
// before the program asks for it is at most 64 KiB and one message, or eight messages
// where the kernel does not know that limit (it does from Linux 6.17).
//
// # Why is not everything that waits handed over in one call?
//
// The scheduler cannot interrupt a thread in such a call, and the garbage collector waits
// for it. So one call copies about 256 KiB at most: 64 writes of 1 MiB in one held up the
// collector for 6 ms.
package platform
