// Package netconn gives the sockets of a proactor the interfaces of package net: a [Conn]
// is a net.Conn, a [Listener] a net.Listener, a [PacketConn] a net.PacketConn, and a
// [Dialer] dials as net.Dialer does. So net/http, crypto/tls, database drivers and other
// clients run unchanged on a [platform.Proactor], or on a network that package
// platform/sim simulates.
//
// Calls block. The calling goroutine reads or writes what it can at once; for the rest it
// starts an operation, and sleeps until that has ended. Another goroutine must therefore be
// in [platform.Proactor.Run], and stay there (see [platform.Proactor.Hold]):
//
//	p, err := platform.New()
//	...
//	defer p.Close()
//	defer p.Hold().Release()
//	go p.Run(context.Background())
//	l, err := netconn.Listen(p, "tcp", "127.0.0.1:8080")
//	...
//	http.Serve(l, handler)
//
// Do not call a method that waits from a handler or a coroutine. It blocks the goroutine
// that runs the proactor, and if no other goroutine runs it, the method waits for ever.
//
// # What it costs
//
// A goroutine sleeps in each call that waits, so this package is not for a million idle
// connections: it is for code that needs a net.Conn. Waiting costs one more switch between
// goroutines than in package net. A deadline allocates nothing, so a request of net/http
// allocates as often as over package net.
//
// A proactor with [platform.SingleRunner] works too. Each call is then posted to its runner,
// which costs more. [Listen] and [ListenPacket] then wait until the proactor is run: to
// listen before that, call [platform.Proactor.Listen] and [NewListener]. Close and the
// methods that set something return nil at once, before the runner has done it.
//
// A connection that was accepted or dialled here can go on with handlers, see
// [Conn.Platform]. So a server can begin with net/http, hijack the connection, and go on
// with a chain.
//
// # What it does not have
//
// A Conn has the options that programs look for, such as [Conn.SetNoDelay]. For other
// options, for the descriptor, and to let the kernel send files, use [Conn.Platform]: see
// [platform.Conn.SyscallConn], [platform.Conn.File] and [platform.Conn.SendFile]. With a
// single runner, call these from a handler that [ops.Post] runs. A Conn has no SyscallConn
// of its own: drivers that find one read from the descriptor, and would take a refusal for a
// broken connection.
//
// # Errors
//
// Errors are those that programs test for, in a [*net.OpError] as in package net:
// net.ErrClosed, os.ErrDeadlineExceeded (its Timeout method returns true),
// syscall.ECONNRESET and, when dialling, the error of the context. Only io.EOF is not
// wrapped. When the proactor is closed, calls that wait return net.ErrClosed.
package netconn
