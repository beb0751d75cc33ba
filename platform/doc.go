// Package platform starts operations of the operating system and calls their
// handlers when they have ended. It has a proactor, and connections, listeners,
// packet sockets, files, timers and signals that belong to one.
//
// A [Proactor] has one backend, which is the kernel interface that it uses:
// io_uring or epoll on Linux, completion ports on Windows, kqueue on macOS and the
// BSDs, or package net elsewhere. [New] takes the best one that the system
// allows. [Proactor.Backend] names it, and [Proactor.Fallback] says why there is no
// better one. Package platform/sim simulates a kernel. Package platform/backend is
// for those who write a backend.
//
// Handlers are called by the goroutines that are in [Proactor.Run], never from
// inside the call that started the operation. The memory of an operation comes
// from the allocator associated with its handler (see package ops), and is
// released before the handler is called.
//
// # Threads, strands and groups
//
// A handler runs on a goroutine that is in Run. How many such goroutines there
// are, and on how many proactors, decides what a program has to lock:
//
//	you want                                     use
//	one loop, nothing shared, the least cost     New(SingleRunner()), one Run
//	a loop on each processor                     NewGroup, one Listen for all
//	slow handlers that run in parallel           New(), several Run
//	short waits, at the price of a processor     Spin
//
// With one goroutine in Run, handlers never run at the same time and need no
// locks. If [SingleRunner] promises that, the proactor takes none either.
// Other goroutines reach it with ops.Post.
//
// With several goroutines in Run, the proactor takes locks, and handlers of
// different chains run at the same time. Chains that share data run on an
// ops.Strand, which calls their handlers one after another: ops.WithExecutor binds
// a handler to it.
//
// A [Group] is a proactor for each processor, with one runner each. They share
// nothing, and the kernel distributes the connections among them.
//
// # Waiting, and Spin
//
// A proactor with nothing to do first looks: it polls the kernel again and again for
// about 20 µs. Then it sleeps until the kernel wakes it. It looks only as long as that
// has paid recently, so an idle program uses no processor time. [Spin] sets another
// time. Use it if a processor can be spared and answers must come soon; Spin(0) is for
// a program that should never use a processor to wait. Looks and LooksPaid of [Stats]
// show whether looking pays, and BenchmarkAwake measures it.
//
// # Handlers or coroutines
//
// [Proactor.Spawn] runs a function as a coroutine. It reads, writes, accepts, dials
// and sleeps as if it blocked, and takes turns with everything else on the
// goroutine that runs the proactor. Use handlers for sessions of a few steps, and
// for large numbers of idle sessions: while it waits, a chain of handlers keeps only
// its operation, but a coroutine also keeps a stack of at least 2 KiB. Package ops
// says what that costs. A coroutine, like a handler, must not block in any other way: a
// mutex, a channel or package net holds up everything on the goroutine.
//
// # A server
//
// An [Acceptor] does what every server needs. It accepts for as long as the server
// runs, despite errors. It takes each session from an allocator, limits the number of
// live sessions, and waits for them at the end.
//
// # Who owns the memory of a Conn
//
// The proactor has a record of its own for each socket, and the kernel's events
// refer to that. A [Conn], [Listener], [PacketConn] or [File] contains only the
// number of its record, and a [Timer] refers to its proactor. So when a connection
// is closed and the last of its handlers is called, its Conn belongs to the program
// again. That handler, or any goroutine after it, may clear the session that
// contains the Conn, overwrite it, give it back to an allocator, or open the Conn
// again, on this proactor or another. A copy of an old Conn counts as closed, even if
// its record serves another connection by then. A late cancel, by an ops.CancelSlot,
// cancels nothing.
//
// # What waits, and where
//
// For each direction of a socket, one operation is with the kernel. Further ones
// wait for their turn, in the order in which they were started. Timeouts and timers
// are in a heap (a priority queue) of the proactor, in which a wait is started,
// cancelled and ended without allocating. The deadlines of a socket have one entry
// there, whatever is outstanding, and the entry is corrected when its time comes. So
// moving a deadline to a later time changes only a number.
//
// An idle connection costs its Conn, its handler, the operation that waits, and a
// record, which the proactor keeps for later connections (BenchmarkIdle). It needs
// no buffer if it reads with [ops.ReadOnArrival], or with [Conn.WaitReadable] and
// [Conn.TryRead].
//
// On io_uring, operations that handlers start go to the kernel together. If a
// socket is closed with something outstanding, or its process dies, its address
// becomes free only a moment later. So on io_uring Listen and ListenPacket try again
// for up to half a second when an address is in use.
//
// # Options of sockets
//
// Options are fields of [SocketOptions] and [ListenConfig], and methods of an open
// socket. The defaults are those of package net.
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
// If a system or a network lacks an option, the error is [errors.ErrUnsupported].
// No-delay, keep-alive and linger are for TCP only. On Linux, accepted connections
// inherit the options of the listener, at no cost. Setting them on a connection that
// is dialled takes five system calls, about a tenth of the cost of a dial on loopback
// (BenchmarkConnect).
//
// [Proactor.AdoptConn], [Proactor.AdoptListener] and [Proactor.AdoptPacketConn] take
// over sockets of package net and of other processes. [Conn.File] and its like return a
// descriptor. Completion ports allow neither, because a Windows handle has one port for
// its life.
//
// # Which call gives which error
//
// Errors have the names of package syscall on every system. (On Windows an error of
// a socket is both: syscall.ECONNRESET, and WSAECONNRESET.)
//
// When opening a socket fails, errors of the system and timeouts are wrapped in a
// [*net.OpError], which names the operation and the address of the peer or of the
// listener. Errors that the program itself has caused are not wrapped. So errors.Is finds
// the cause, and errors.As finds a net.Error, whose Timeout is true for
// os.ErrDeadlineExceeded. A Dial of one numeric address fails like a Connect; a Dial of a
// name may fail in the same ways. A deadline that has passed ([Conn.SetDeadline]) gives
// the same error as a timeout. When the peer has reset the connection, a write gives the
// same error as a read, or EPIPE.
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
// # Statistics of a running proactor
//
// [Proactor.Stats] returns what is open, what is outstanding by kind, and how often
// the proactor has asked the kernel, slept and been woken. [Proactor.Var] is for
// package expvar, and a [Group] adds the figures of its proactors. Counting costs an
// operation no atomic instruction.
//
// # Tests in a bubble
//
// In a bubble of package testing/synctest, time passes when all its goroutines wait
// for one another. A goroutine that waits for the kernel does not count as waiting.
// So New returns [ErrBubble] there, and so does Run of a proactor that was made
// outside. A proactor on a world of package platform/sim, opened in the bubble, has
// the bubble's time.
//
// # Why is io_uring the default on Linux?
//
// With io_uring one call can hand many operations to the kernel, and the kernel does
// operations on files too, which epoll leaves to goroutines. New therefore takes it
// if the kernel is recent enough and lets the process use it. Where it is refused,
// as in many containers, New takes epoll. How much io_uring saves depends on the cost
// of a system call on the machine. Compare the two with BenchmarkEcho, and select
// epoll with [WithBackend] or the environment variable HEIRLOOM_BACKEND.
//
// # Why does a proactor wait in Go's poller?
//
// A goroutine that blocks in a system call keeps the scheduler's processor until the
// scheduler takes it back, and must get one again when the call returns. So a
// proactor asks the kernel only in ways that cannot block. When it has nothing to do,
// it waits on Linux for the descriptor of its epoll or ring in the Go runtime's own
// poller, as a goroutine of package net waits for its socket. Its thread can run
// other goroutines meanwhile, and no thread need be locked.
//
// # Containers
//
// The default seccomp profiles of Docker, Podman and containerd (RuntimeDefault in
// Kubernetes) refuse the system calls of io_uring, because holes in it have been ways out
// of a container. A proactor there uses epoll, and everything works; [Proactor.Fallback]
// says "io_uring_setup: operation not permitted" (in Podman, "function not implemented").
// To allow io_uring, give the container a profile that permits it:
//
//	docker run --security-opt seccomp=seccomp.json …
//
// The directory examples/containers has one, which is Docker's default and three more
// calls. It also has a program that says which backend a proactor gets in a container, and
// prints the profile in the form that Kubernetes takes. The host's own setting
// (kernel.io_uring_disabled) and the container's limit of locked memory (ulimit memlock)
// can still refuse io_uring; Fallback then names which. To have epoll everywhere, the same
// in tests as in production, set HEIRLOOM_BACKEND=epoll, or use [WithBackend].
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
//	examples           programs, with nothing for others to import
//
// Frozen is what Go 1 promises: what compiles with v1.0 compiles with each v1, and does
// what its documentation says; a clause of the contract is never weakened, nor is what is
// documented to allocate nothing. A minor version may add to a package: functions, types,
// fields of structs (so name them in literals), options, and methods of interfaces that only
// the library implements. [ops.Handler], [ops.Reader], allocator.Allocator and others that
// programs implement get no further methods; new abilities come as further interfaces, which
// nobody has to implement.
//
// Not promised are the fields, the size and the kinds of an ops.Operation, which programs
// only provide memory for; package platform/backend, which follows what kernels offer; the
// texts of errors and of String methods; times and sizes in the documentation; what a seed or
// a token generates, from one version to the next; and which system calls are made. The two
// latest versions of Go are supported, and a minor version may end the support of an older
// one.
//
// Before v1 a minor version (v0.2, v0.3) may change all of it. What it changes is in
// .github/CHANGELOG.md, with what to write instead; a patch version (v0.1.1) changes
// nothing that is exported.
//
// # Why does a proactor look before it sleeps?
//
// Putting a thread to sleep and waking it costs some 16 to 31 µs of processor time,
// and the peer has to wait for it. With one connection in ping-pong, the answer comes
// sooner than that. Looking for 20 µs then costs no more than the sleep that it saves,
// and three messages are exchanged in the time of one or two (BenchmarkAwake).
//
// Looking is worth its cost only if something comes within those 20 µs. The length of
// the last sleeps is no guide, because a peer that is woken late answers late. So the
// proactor tries looking for four waits. As long as more than half of them pay, it goes
// on. Otherwise it does not look before the next 8 waits, the next time 16, and so on up
// to 512, and tries again. It counts waits and not time: a proactor that nothing wakes
// does not look at all, and one that a timer wakes now and then looks before a few of
// its waits. If only one processor is online, the proactor polls once before it sleeps,
// because no other processor could produce an answer meanwhile. [Spin] makes it look for
// longer, even there; with Spin(0) it polls once.
//
// # Why does it yield to other goroutines only now and then?
//
// With GOMAXPROCS=1 other goroutines can run only if the proactor lets them, so it
// yields each time that it polls. With more, runtime.Gosched wakes a second thread
// whenever a processor is idle, and to yield at each poll costs much of a processor's
// time. But if every processor has a proactor that always finds something to do, no
// other goroutine runs until the scheduler's monitor intervenes, after 10 ms. So a
// proactor yields when it has not slept for 100 µs, whether it has looked or called
// handlers in that time.
//
// The proactor may also be waiting for a goroutine that waits for its turn to run, and
// the scheduler does not say so. Yielding before each sleep is therefore tried, and
// kept or dropped, in the same way as looking.
//
// # When does an operation that a handler starts reach the kernel?
//
// On all backends but io_uring: at once, if the kernel takes it at all. On io_uring,
// requests are collected, because its speed comes from one call for many. They are
// handed over when all handlers that were ready have returned, or after 50 µs.
// Handlers cannot be interrupted, so the proactor learns from their duration how many
// of them take 50 µs. If one or two do, each operation is handed over as soon as it is
// started. A single slow handler among many quick ones can still hold back the operations
// that it has started itself. Let another goroutine do such work.
//
// # Why do reads on io_uring sometimes have a request each, and sometimes share one?
//
// A multishot request, which the kernel completes again and again, saves one request
// for each message. But with a single runner, the kernel completes it on the thread that
// made it, when that thread enters the kernel. If that thread sleeps elsewhere, a message
// needs two wakes instead of one. If it computes, messages and the end of a stream
// wait for it. A read with its own request is made by the thread that then waits.
//
// So each read has its own request until polls that find completions find eight on
// average, because the thread is then awake anyway. From then on the reads of a stream
// share a multishot request, until the average is below four. Before the program asks for
// data, such a request brings at most 64 KiB and one message, or eight messages where the
// kernel does not have that limit (it does from Linux 6.17).
//
// # Why are waiting requests not all handed over in one call?
//
// The scheduler cannot interrupt a thread in such a call, and the garbage collector
// has to wait for it. So one call copies about 256 KiB at most. When 64 writes of 1 MiB were
// handed over in one call, they held up the collector for 6 ms
// (BenchmarkStopTheWorld).
package platform
