// Package netconn makes the sockets of a proactor those of package net: a [Conn] is a
// net.Conn, a [Listener] a net.Listener, a [PacketConn] a net.PacketConn, and a [Dialer]
// dials as net.Dialer does. So net/http, crypto/tls, and the drivers and clients of others
// run unchanged on a [platform.Proactor], or on a network that package platform/sim
// simulates.
//
// Calls look blocking. The goroutine that calls reads or writes itself what it can at once;
// for the rest it starts an operation, and sleeps until that has ended. Another goroutine
// must therefore be in [platform.Proactor.Run], and stay there, see [platform.Proactor.Hold]:
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
// A handler, or a coroutine, that calls a method which waits holds up the goroutine that runs
// the proactor, and if that is the only one, for ever.
//
// # What it costs
//
// A goroutine sleeps in each call that waits, so this is not for a million connections that
// are idle: it is for code that wants a net.Conn. Beside package net, waiting costs one
// change of goroutines more. A proactor that has a [platform.SingleRunner] serves it
// too, but has to be told of each call, which costs more again; and [Listen] and
// [ListenPacket] wait there until it runs. To listen before that, call
// [platform.Proactor.Listen] and [NewListener]. Close and the methods that set something return
// nil there before it is done, as nothing else is known yet.
//
// A connection that has been accepted or dialled here can become one of handlers:
// [Conn.Platform] is what it stands for. A server can begin in net/http, and hijack.
//
// # What it does not have
//
// A Conn has the options that programs look for, such as [Conn.SetNoDelay]. For the others,
// and for the descriptor and files sent by the kernel, there is [Conn.Platform]: see
// [platform.Conn.SyscallConn], [platform.Conn.File] and [platform.Conn.SendFile]; with a single
// runner, [ops.Post] gets there. A Conn has no SyscallConn of its own: drivers that find one
// read by it, and would take the refusal of that for a broken connection.
//
// # Errors
//
// Errors are those that programs test for, in a [*net.OpError] as in package net: io.EOF
// alone, net.ErrClosed, os.ErrDeadlineExceeded, of which Timeout is true,
// syscall.ECONNRESET, and for a dial, the error of its context. When the proactor is
// closed, calls that wait return net.ErrClosed.
package netconn
